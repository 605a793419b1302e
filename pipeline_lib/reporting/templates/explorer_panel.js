// One panel of the explorer: a network's map of a class over the image, its box, and both in words.
// Names of classes and files are set as text, never as HTML.
"use strict";

globalThis.CamExplorer.panel = (() => {
  const { bestIou, decodeMap, looseAndTight, maximum, paperBox, resize } = globalThis.CamExplorer;
  const METHODS = {
    cam: "CAM", "grad-cam": "Grad-CAM", "grad-cam++": "Grad-CAM++", "layer-cam": "LayerCAM",
    "x-grad-cam": "XGrad-CAM", "hi-res-cam": "HiResCAM", "eigen-cam": "Eigen-CAM", backprop: "Backprop",
    "smooth-grad": "SmoothGrad", "integrated-gradients": "Integrated gradients",
  };
  const BOXES = { paper: "paper's", loose: "authors' loose", tight: "authors' tight" };
  const CANVAS = 448; // pixels of the long side
  const SVG = "http://www.w3.org/2000/svg";

  function element(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  // Fill a select with [value, text] and choose `value`, or the first if it is not there.
  function fill(select, options, value) {
    const made = options.map(([key, text]) => element("option", text, { value: key }));
    select.replaceChildren(...made);
    select.value = options.some(([key]) => key === value) ? value : (options[0]?.[0] ?? "");
  }

  // Append the panel `index` to the explorer: {data, colours, networks, state, find, nameOf, changed}.
  // Return a function that shows an image in it, and returns whether its box moves with the threshold.
  function makePanel(explorer, index) {
    const { data, colours, networks, nameOf } = explorer;
    const root = explorer.find("panel-template").content.firstElementChild.cloneNode(true);
    const own = (name) => root.querySelector(`.explorer-${name}`);
    const [canvas, svg] = [root.querySelector("canvas"), root.querySelector("svg")];
    const picture = new Image();
    let heat = { key: "" }; // the map that is shown, at the image's size and at the canvas's
    const options = networks.map((name) => [name, name]);
    fill(own("network"), index ? [["", "no other network"], ...options] : options, "");
    own("network-label").textContent = index ? "Compare with" : "Network";
    root.setAttribute("aria-label", index ? "Second network" : "First network");
    for (const key of ["network", "method", "class"]) {
      own(key).addEventListener("change", () => {
        explorer.state.panels[index][key] = own(key).value;
        explorer.changed();
      });
    }
    picture.addEventListener("load", draw);

    const everySource = [...data.sources.keys()];
    const sourcesOf = (network) => everySource.filter((i) => data.sources[i].network === network);

    // Whether the boxes are the study's: the map is of a gradient by the pixels, and reduced.
    const isStored = (image, source) => "boxes" in image.maps[source];

    // The classes that there are maps of: [value, class, score, map].
    function mapsOf(image, source) {
      const { guesses, true_map: trueMap } = image.maps[source];
      const choices = guesses.map(([of, score, map], i) => [String(i + 1), of, score, map]);
      return trueMap ? [...choices, ["true", image.class, null, trueMap]] : choices;
    }

    function classText([value, of, score], image) {
      const own = `${data.classes[of][1]}${score === null ? "" : ` (${score.toFixed(2)})`}`;
      if (value === "true") return `True class: ${own}`;
      return `${value}. ${own}${of === image.class ? ", the true class" : ""}`;
    }

    function showClasses(image, source, wanted) {
      const choices = mapsOf(image, source);
      const isTrue = ([value, of]) => value === "true" || of === image.class;
      const chosen = wanted === "true" ? choices.find(isTrue) : choices.find(([value]) => value === wanted);
      fill(own("class"), choices.map((each) => [each[0], classText(each, image)]), chosen?.[0]);
      return chosen ?? choices[0];
    }

    function upsample(image, source, choice) {
      const key = [image.id, source, choice[0]].join("\n");
      if (heat.key === key) return;
      const { width, height } = data.sources[source];
      const map = decodeMap(choice[3], width, height);
      const scale = CANVAS / Math.max(image.width, image.height);
      const size = [image.width, image.height].map((side) => Math.max(1, Math.round(side * scale)));
      heat = { key, overlay: coloured(resize(map, ...size, data.interpolation)), loose: null };
      if (!isStored(image, source)) heat.full = resize(map, image.width, image.height, data.interpolation);
    }

    function boxOf(image, source) {
      const isPaper = explorer.state.box === "paper";
      if (isStored(image, source)) {
        const { graphcut, paper, authors } = image.maps[source].boxes;
        const stored = isPaper ? graphcut ?? paper : authors;
        return stored?.[isPaper ? "loose" : explorer.state.box] ?? null;
      }
      if (isPaper) return paperBox(heat.full, Number(explorer.state.threshold));
      heat.loose ??= looseAndTight(heat.full);
      return heat.loose[explorer.state.box === "loose" ? 0 : 1];
    }

    function coloured({ values, width, height }) {
      const top = maximum(values);
      const made = new ImageData(width, height);
      values.forEach((value, i) => {
        const level = top > 0 ? Math.round(Math.min(Math.max(value / top, 0), 1) * 255) : 0;
        made.data.set(colours.subarray(3 * level, 3 * level + 3), 4 * i);
        made.data[4 * i + 3] = 255;
      });
      const layer = Object.assign(document.createElement("canvas"), { width, height });
      layer.getContext("2d").putImageData(made, 0, 0);
      return layer;
    }

    function draw() {
      if (!heat.key || !picture.complete) return;
      const { width, height } = heat.overlay;
      Object.assign(canvas, { width, height });
      const context = canvas.getContext("2d");
      context.drawImage(picture, 0, 0, width, height);
      context.globalAlpha = Number(explorer.state.opacity);
      context.drawImage(heat.overlay, 0, 0);
    }

    function outline(image, box) {
      svg.setAttribute("viewBox", `0 0 ${image.width} ${image.height}`);
      const drawn = [...image.true_boxes.map((each) => [each, "true"]), ...(box ? [[box, "made"]] : [])];
      const rectangles = drawn.flatMap(([[x0, y0, x1, y1], kind]) => ["halo", kind].map((name) => {
        const made = document.createElementNS(SVG, "rect");
        const attributes = { x: x0, y: y0, width: x1 - x0, height: y1 - y0, class: `explorer-${name}` };
        for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
        return made;
      }));
      svg.replaceChildren(...rectangles);
    }

    function describe(image, source, choice, box) {
      const network = explorer.state.panels[index].network;
      const guesses = sourcesOf(network).map((i) => image.maps[i].guesses).find((each) => each.length);
      const truth = `the true class is ${nameOf(image.class)}`; // it may be "unknown"
      const [first, score] = guesses?.[0] ?? [null, 0];
      const guess = `First guess: ${nameOf(first)} (${score.toFixed(2)})`;
      let said = `${guess}, the wrong class; ${truth}.`;
      if (image.class === null) said = `${guess}; ${truth}.`;
      else if (first === image.class) said = `${guess}, the right class.`;
      own("guess").textContent = guesses ? said : `Without guesses; ${truth}.`;
      const overlap = box && image.true_boxes.length ? bestIou(box, image.true_boxes) : null;
      own("iou").textContent = overlap === null ? "–" : overlap.toFixed(3);
      own("box").textContent = box ? box.join(" ") : "–";
      let verdict = "There is no true box to compare with.";
      if (overlap !== null) verdict = overlap >= data.min_iou ? "The box is right." : "The box is wrong.";
      if (!box) verdict = "The study has no such box.";
      if (overlap !== null && choice[1] !== image.class) verdict += " Its class is not the true one.";
      own("verdict").textContent = verdict;
      const byGraphCut = explorer.state.box === "paper" && image.maps[source].boxes?.graphcut;
      const kind = byGraphCut ? "by graph cut" : BOXES[explorer.state.box];
      const stored = box ? `Stored box, ${kind}, as the study made it from the whole gradient. ` : "";
      own("note").textContent = isStored(image, source) ? `${stored}The map shown is reduced.` : "";
      const method = METHODS[data.sources[source].method];
      const numbers = overlap === null ? "" : ` IoU ${overlap.toFixed(2)}.`;
      const shown = `map of ${nameOf(choice[1])} by ${network}, ${method}`;
      canvas.setAttribute("aria-label", `${image.id}: ${shown}. ${verdict}${numbers}`);
    }

    function showPanel(image) {
      const panel = explorer.state.panels[index];
      own("network").value = panel.network;
      own("shown").hidden = !panel.network;
      if (!panel.network) return false;
      const sources = sourcesOf(panel.network).filter((i) => mapsOf(image, i).length);
      const methods = sources.map((i) => data.sources[i].method);
      fill(own("method"), methods.map((method) => [method, METHODS[method]]), panel.method);
      panel.method = own("method").value;
      const source = sources.find((i) => data.sources[i].method === panel.method);
      own("shown").hidden = source === undefined;
      if (source === undefined) return false;
      const choice = showClasses(image, source, panel.class);
      if (picture.src !== image.picture) picture.src = image.picture;
      upsample(image, source, choice);
      const box = boxOf(image, source);
      outline(image, box);
      describe(image, source, choice, box);
      draw();
      return !isStored(image, source);
    }

    explorer.find("panels").append(root);
    return showPanel;
  }

  return { BOXES, METHODS, element, makePanel };
})();
