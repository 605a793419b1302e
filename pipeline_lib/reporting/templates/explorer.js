// The explorer: reads the embedded data, follows the controls and the address, and has its panels draw.
// Names of classes and files are set as text, never as HTML.
"use strict";

(() => {
  const { bytesOf } = globalThis.CamExplorer;
  const { BOXES, METHODS, element, makePanel } = globalThis.CamExplorer.panel;
  const PREFIX = "#explorer/";

  function start(section) {
    const data = JSON.parse(document.getElementById("explorer-data").textContent);
    const colours = bytesOf(data.colours);
    const find = (name) => section.querySelector(`.explorer-${name}`);
    const networks = [...new Set(data.sources.map((source) => source.network))];
    const initial = {
      image: data.images[0].id,
      box: "paper",
      threshold: find("threshold").value,
      opacity: find("opacity").value,
      panels: [{ network: data.network, method: "", class: "1" }, { network: "", method: "", class: "1" }],
    };
    let isScheduled = false;

    const nameOf = (index) => (index === null ? "unknown" : data.classes[index][1]);
    const explorer = { data, colours, networks, find, nameOf, changed, state: structuredClone(initial) };

    // ---- the state in the address -------------------------------------------------------------

    function link() {
      const { image, box, threshold, opacity, panels: [first, second] } = explorer.state;
      const other = { compare: second.network, class2: second.class, method2: second.method };
      return PREFIX + new URLSearchParams({
        image,
        network: first.network,
        class: first.class,
        method: first.method,
        ...(second.network ? other : {}),
        box,
        threshold,
        opacity,
      });
    }

    function stateOf(hash) {
      const fields = new URLSearchParams(hash.slice(PREFIX.length));
      const given = structuredClone(initial);
      const take = (target, key, field, isValid) => {
        if (fields.has(field) && isValid(fields.get(field))) target[key] = fields.get(field);
      };
      const isNumber = (slider) => (text) =>
        text !== "" && Number(text) >= Number(slider.min) && Number(text) <= Number(slider.max);
      take(given, "image", "image", (id) => data.images.some((image) => image.id === id));
      take(given, "box", "box", (box) => box in BOXES);
      take(given, "threshold", "threshold", isNumber(find("threshold")));
      take(given, "opacity", "opacity", isNumber(find("opacity")));
      const ends = ["", "2"]; // of the fields of each panel
      for (const [i, panel] of given.panels.entries()) {
        const [network, end] = [["network", "compare"][i], ends[i]];
        take(panel, "network", network, (name) => networks.includes(name));
        take(panel, "class", `class${end}`, (text) => /^([1-9]|true)$/.test(text));
        take(panel, "method", `method${end}`, (method) => method in METHODS);
      }
      return given;
    }

    function follow() {
      if (!location.hash.startsWith(PREFIX)) return;
      explorer.state = stateOf(location.hash);
      find("group").value = "";
      filter();
      show();
      section.scrollIntoView();
    }

    // Changes by hand are in the address too, without an entry each in the history.
    function changed() {
      if (isScheduled) return;
      isScheduled = true;
      requestAnimationFrame(() => {
        isScheduled = false;
        show();
        history.replaceState(null, "", link());
      });
    }

    // ---- the controls that panels share ---------------------------------------------------------

    function addThumbnails() {
      const labels = data.images.map((image) => {
        const label = element("label", "", { "data-group": image.group });
        const input = element("input", "", { type: "radio", name: "explorer-image" });
        const alt = `${image.id}, ${nameOf(image.class)}`;
        // With its sides a picture has its place in the strip before it is decoded.
        const { picture: src, width, height } = image;
        const small = element("img", "", { alt, width, height, loading: "lazy", decoding: "async", src });
        input.value = image.id;
        input.addEventListener("change", () => {
          explorer.state.image = image.id;
          changed();
        });
        label.append(input, small);
        return label;
      });
      find("thumbnails").append(...labels);
    }

    function filter() {
      const group = find("group").value;
      for (const label of find("thumbnails").children) {
        label.hidden = group !== "" && label.dataset.group !== group;
      }
      const inGroup = data.images.filter((image) => !group || image.group === group);
      if (inGroup.some((image) => image.id === explorer.state.image)) return;
      explorer.state.image = inGroup[0].id;
      changed();
    }

    function listen() {
      for (const radio of section.querySelectorAll("[name=explorer-box]")) {
        radio.addEventListener("change", () => {
          explorer.state.box = radio.value;
          changed();
        });
      }
      for (const key of ["threshold", "opacity"]) {
        find(key).addEventListener("input", () => {
          explorer.state[key] = find(key).value;
          changed();
        });
      }
      find("group").addEventListener("change", filter);
      addEventListener("hashchange", follow);
    }

    function show() {
      const image = data.images.find(({ id }) => id === explorer.state.image);
      for (const key of ["image", "box"]) {
        for (const input of section.querySelectorAll(`[name=explorer-${key}]`)) {
          input.checked = input.value === explorer.state[key];
        }
      }
      for (const key of ["threshold", "opacity"]) {
        find(key).value = explorer.state[key];
        find(`${key}-value`).textContent = Number(explorer.state[key]).toFixed(key === "opacity" ? 2 : 3);
      }
      const strip = find("thumbnails");
      const { offsetLeft, offsetWidth } = strip.querySelector(":checked").parentElement;
      const last = offsetLeft + offsetWidth - strip.clientWidth;
      strip.scrollLeft = Math.max(Math.min(strip.scrollLeft, offsetLeft), last);
      const group = data.groups.find((each) => each.name === image.group);
      find("image-name").textContent = `${image.id}: ${nameOf(image.class)} (${group.title.toLowerCase()})`;
      const moves = panels.map((showPanel) => showPanel(image)).some(Boolean);
      find("threshold").disabled = !moves || explorer.state.box !== "paper";
      let note = `The study's threshold is ${data.threshold}.`;
      if (explorer.state.box !== "paper") {
        note = "The authors' box method has thresholds of its own, 20, 100 and 110 of 255.";
      }
      if (!moves) note = "The boxes of gradients are those that the study stored: no threshold moves them.";
      document.getElementById("explorer-threshold-note").textContent = note;
      find("link").setAttribute("href", link());
    }

    function showScale() {
      const canvas = find("scale").querySelector("canvas");
      const line = new ImageData(256, 1);
      line.data.forEach((_, i) => {
        line.data[i] = i % 4 === 3 ? 255 : colours[3 * Math.floor(i / 4) + (i % 4)];
      });
      canvas.getContext("2d").putImageData(line, 0, 0);
    }

    const panels = [makePanel(explorer, 0), makePanel(explorer, 1)];
    addThumbnails();
    listen();
    showScale();
    find("tool").hidden = false;
    show();
    follow();
  }

  function begin() {
    const section = document.getElementById("explorer");
    if (section && document.getElementById("explorer-data")) start(section);
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
})();
