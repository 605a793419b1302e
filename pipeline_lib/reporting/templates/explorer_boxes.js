// The explorer's arithmetic, without the page: maps are decoded and upsampled, boxes made and compared,
// as in pipeline_lib/localization (heat_maps, paper_box, components, authors_box) and evaluation/iou.
// A map is {values: Float32Array, width, height}, a box [x0, y0, x1, y1], half-open, in pixels.
"use strict";

globalThis.CamExplorer = (() => {
  const AUTHORS_THRESHOLDS = [20, 100, 110]; // of an 8-bit map
  const MIN_DEPTH = 10; // of 255
  const MARGIN = 5; // pixels to the right and lower border
  const CUBIC = -0.75; // OpenCV's cubic kernel
  const FAR = 1e12; // squared distance where a column has no background

  function bytesOf(base64) {
    const text = atob(base64);
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  }

  // A map is stored as whole numbers of 8 or 16 bits between its lowest and its highest value.
  // One that is not finite is stored without values.
  function decodeMap({ low, high, bits, values }, width, height) {
    if (values === null) return { values: new Float32Array(width * height).fill(NaN), width, height };
    const bytes = bytesOf(values);
    const most = 2 ** bits - 1;
    const view = new DataView(bytes.buffer);
    const decoded = new Float32Array(width * height);
    for (let i = 0; i < decoded.length; i++) {
      const level = bits === 16 ? view.getUint16(2 * i, true) : bytes[i];
      decoded[i] = level === most ? high : low + ((high - low) * level) / most;
    }
    return { values: decoded, width, height };
  }

  // The source cells and weights of each target cell along one side, pixel centres aligned as areas.
  function taps(source, target, interpolation) {
    const last = source - 1;
    const clamp = (index) => Math.min(Math.max(index, 0), last);
    return Array.from({ length: target }, (_, index) => {
      if (interpolation === "nearest") return [[clamp(Math.floor((index * source) / target)), 1]];
      const place = ((index + 0.5) * source) / target - 0.5;
      const floor = Math.floor(place);
      const t = place - floor;
      if (interpolation === "bilinear") return [[clamp(floor), 1 - t], [clamp(floor + 1), t]];
      const near = (x) => ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1;
      const distant = (x) => ((CUBIC * x - 5 * CUBIC) * x + 8 * CUBIC) * x - 4 * CUBIC;
      const weights = [distant(1 + t), near(t), near(1 - t), distant(2 - t)];
      return weights.map((weight, step) => [clamp(floor - 1 + step), weight]);
    });
  }

  // OpenCV's resize: the rows first, then the columns.
  function resize(map, width, height, interpolation) {
    const rows = new Float32Array(width * map.height);
    taps(map.width, width, interpolation).forEach((cells, x) => {
      for (let y = 0; y < map.height; y++) {
        let sum = 0;
        for (const [cell, weight] of cells) sum += weight * map.values[y * map.width + cell];
        rows[y * width + x] = sum;
      }
    });
    const values = new Float32Array(width * height);
    taps(map.height, height, interpolation).forEach((cells, y) => {
      for (const [cell, weight] of cells) {
        for (let x = 0; x < width; x++) values[y * width + x] += weight * rows[cell * width + x];
      }
    });
    return { values, width, height };
  }

  // The maximum; NaN if any value is not finite.
  function maximum(values) {
    let top = -Infinity;
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) return NaN;
      if (values[i] > top) top = values[i];
    }
    return top;
  }

  // One where a value is above the limit. Loops over pixels are plain: Uint8Array.from is far slower.
  function above(values, limit) {
    const mask = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) mask[i] = values[i] > limit ? 1 : 0;
    return mask;
  }

  // Connected components of the pixels that equal `wanted`: {first, area, box}, in the order of their
  // first pixels; and the place in this list by the pixel after each of their runs. Runs of pixels in a
  // row are joined with those that they touch in the row above.
  function components(mask, width, height, { wanted, diagonal }) {
    const runs = []; // [first pixel, pixel after the last, run that it is joined with]
    const reach = diagonal ? 1 : 0;
    const rootOf = (run) => {
      while (runs[run][2] !== run) run = runs[run][2] = runs[runs[run][2]][2];
      return run;
    };
    let [previous, row] = [0, 0]; // the first runs of the row above and of this row
    for (let y = 0; y < height; y++) {
      const end = (y + 1) * width;
      let touched = previous;
      for (let x = end - width; x < end; x++) {
        if (mask[x] !== wanted) continue;
        const run = [x, x, runs.length];
        while (x < end && mask[x] === wanted) x++;
        run[1] = x;
        runs.push(run);
        const [from, to] = [run[0] - width - reach, run[1] - width + reach];
        while (touched < row && runs[touched][1] <= from) touched++;
        for (let other = touched; other < row && runs[other][0] < to; other++) {
          const [one, two] = [rootOf(other), rootOf(runs.length - 1)];
          runs[Math.max(one, two)][2] = Math.min(one, two);
        }
      }
      [previous, row] = [row, runs.length];
    }
    const found = [];
    const places = new Map();
    const afterRun = new Map();
    runs.forEach(([first, end], run) => {
      const root = rootOf(run);
      const y = Math.floor(first / width);
      const [x0, x1] = [first - y * width, end - y * width];
      if (root === run) {
        places.set(run, found.length);
        found.push({ first, area: 0, box: [x0, y, x1, y + 1] });
      }
      const component = found[places.get(root)];
      const { box } = component;
      component.area += end - first;
      component.box = [Math.min(box[0], x0), box[1], Math.max(box[2], x1), y + 1];
      afterRun.set(end, places.get(root));
    });
    return { found, afterRun };
  }

  // The tight box of the largest component above `threshold` times the maximum; the whole image where
  // there is none. Of equally large components the highest wins, then the leftmost.
  function paperBox({ values, width, height }, threshold) {
    const whole = [0, 0, width, height];
    const top = maximum(values);
    if (!(top > 0)) return whole;
    const mask = above(values, Math.fround(threshold * top));
    const { found } = components(mask, width, height, { wanted: 1, diagonal: true });
    if (!found.length) return whole;
    const order = (a, b) => b.area - a.area || a.box[1] - b.box[1] || a.box[0] - b.box[0];
    return found.sort(order)[0].box;
  }

  // The distance of each pixel to the nearest one outside of the mask; null if none is outside.
  function distances(mask, width, height) {
    if (!mask.includes(0)) return null;
    const squares = new Float64Array(width * height).fill(FAR);
    const steps = new Float64Array(width);
    const sweep = (y) => { // down or up: the rows since the last one outside, in each column
      for (let x = 0; x < width; x++) {
        const pixel = y * width + x;
        steps[x] = mask[pixel] ? steps[x] + 1 : 0;
        squares[pixel] = Math.min(squares[pixel], steps[x] * steps[x]);
      }
    };
    steps.fill(Infinity);
    for (let y = 0; y < height; y++) sweep(y);
    steps.fill(Infinity);
    for (let y = height - 1; y >= 0; y--) sweep(y);
    const nearest = new Float32Array(width * height);
    const work = { apex: new Int32Array(width), from: new Float64Array(width) };
    for (let y = 0; y < height; y++) lowestParabolas(squares, nearest, y * width, width, work);
    return nearest;
  }

  // A row of the distance transform (Felzenszwalb and Huttenlocher): the lower envelope of parabolas.
  function lowestParabolas(squares, nearest, start, width, { apex, from }) {
    let last = 0;
    apex[0] = 0;
    from[0] = -Infinity;
    for (let q = 1; q < width; q++) {
      const value = squares[start + q] + q * q;
      let crossing;
      for (;;) {
        const p = apex[last];
        crossing = (value - squares[start + p] - p * p) / (2 * (q - p));
        if (crossing > from[last]) break;
        last--;
      }
      last++;
      apex[last] = q;
      from[last] = crossing;
    }
    for (let x = 0, k = 0; x < width; x++) {
      while (k < last && from[k + 1] < x) k++;
      const aside = x - apex[k];
      nearest[start + x] = Math.sqrt(aside * aside + squares[start + apex[k]]);
    }
  }

  // One where a distance, scaled to 8 bits and rounded, is more than MIN_DEPTH.
  function deep(distance) {
    const deepest = maximum(distance);
    const mask = new Uint8Array(distance.length);
    for (let i = 0; i < mask.length; i++) {
      const depth = Math.fround(Math.fround(Math.fround(distance[i] / deepest) * 255) + 0.5);
      mask[i] = Math.floor(depth) > MIN_DEPTH ? 1 : 0;
    }
    return mask;
  }

  // [x, y, width, height] around every contour of the eroded mask: of components and of their holes,
  // in the order of OpenCV's findContours, which decides between boxes of the same size.
  function contourBoxes(mask, width, height) {
    if (!mask.includes(1)) return [];
    const distance = distances(mask, width, height);
    const inside = distance ? deep(distance) : mask;
    const { found, afterRun } = components(inside, width, height, { wanted: 1, diagonal: true });
    const outside = components(inside, width, height, { wanted: 0, diagonal: false }).found;
    const holes = outside.filter(
      ({ box }) => box[0] > 0 && box[1] > 0 && box[2] < width && box[3] < height,
    );
    const contours = [];
    for (let place = found.length - 1; place >= 0; place--) {
      contours.push(found[place].box);
      const own = holes.filter(({ first }) => afterRun.get(first) === place).reverse();
      // The contour of a hole are the pixels around it.
      for (const { box } of own) contours.push([box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1]);
    }
    return contours.map(([x0, y0, x1, y1]) => [
      Math.min(x0, Math.max(width - MARGIN, 0)),
      Math.min(y0, Math.max(height - MARGIN, 0)),
      Math.min(x1 - x0, Math.max(width - x0 - MARGIN, 0)),
      Math.min(y1 - y0, Math.max(height - y0 - MARGIN, 0)),
    ]);
  }

  const area = ([, , width, height]) => width * height;

  function overlapMuch(box, other) {
    const side = (i) => Math.min(box[i] + box[i + 2], other[i] + other[i + 2]) - Math.max(box[i], other[i]);
    const shared = Math.max(side(0), 0) * Math.max(side(1), 0);
    return shared > Math.floor(Math.max(area(box), area(other)) / 2);
  }

  // As in the released code, the box after a dropped one is not compared.
  function dropOverlapping(boxes) {
    const kept = [...boxes];
    for (let first = 0; first < kept.length; first++) {
      for (let later = first + 1; later < kept.length; later++) {
        if (overlapMuch(kept[first], kept[later])) kept.splice(later, 1);
      }
    }
    return kept;
  }

  function roundHalfToEven(value) {
    const floor = Math.floor(value);
    if (value - floor !== 0.5) return Math.round(value);
    return floor % 2 ? floor + 1 : floor;
  }

  // The boxes of the authors' released code, largest first: the first is "loose", the second "tight".
  function authorsBoxes({ values, width, height }) {
    const whole = [0, 0, width, height];
    const top = maximum(values);
    if (!(top > 0)) return [whole];
    const grey = new Uint8Array(values.length);
    for (let i = 0; i < grey.length; i++) {
      const fraction = Math.min(Math.max(Math.fround(values[i] / top), 0), 1);
      grey[i] = roundHalfToEven(Math.fround(fraction * 255));
    }
    const boxes = AUTHORS_THRESHOLDS.flatMap((threshold) => {
      return contourBoxes(above(grey, threshold), width, height);
    }).filter((box) => area(box) > 0);
    const kept = dropOverlapping(boxes.sort((a, b) => area(b) - area(a)));
    return kept.length ? kept.map(([x, y, w, h]) => [x, y, x + w, y + h]) : [whole];
  }

  // The [loose, tight] box; the same one twice if there is only one.
  function looseAndTight(map) {
    const boxes = authorsBoxes(map);
    return [boxes[0], boxes[Math.min(1, boxes.length - 1)]];
  }

  // The largest intersection over union of a box with any of several.
  function bestIou(box, others) {
    const size = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
    const ious = others.map((other) => {
      const side = (i) => Math.max(Math.min(box[i + 2], other[i + 2]) - Math.max(box[i], other[i]), 0);
      const shared = side(0) * side(1);
      const union = size(box) + size(other) - shared;
      return union > 0 ? shared / union : 0;
    });
    return Math.max(0, ...ious);
  }

  return { authorsBoxes, bestIou, bytesOf, decodeMap, looseAndTight, maximum, paperBox, resize };
})();
