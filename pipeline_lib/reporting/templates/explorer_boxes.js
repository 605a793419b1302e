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
    for (const value of values) {
      if (!Number.isFinite(value)) return NaN;
      if (value > top) top = value;
    }
    return top;
  }

  // Connected components of the pixels that equal `wanted`, in the order of their first pixels.
  function components(mask, width, height, { wanted, diagonal }) {
    const labels = new Int32Array(width * height);
    const stack = new Int32Array(width * height);
    const found = [];
    for (let first = 0; first < mask.length; first++) {
      if (mask[first] !== wanted || labels[first]) continue;
      const box = [width, height, 0, 0];
      let area = 0;
      let depth = 0;
      const label = found.length + 1;
      labels[first] = label;
      stack[depth++] = first;
      while (depth) {
        const pixel = stack[--depth];
        const x = pixel % width;
        const y = (pixel - x) / width;
        area++;
        if (x < box[0]) box[0] = x;
        if (y < box[1]) box[1] = y;
        if (x >= box[2]) box[2] = x + 1;
        if (y >= box[3]) box[3] = y + 1;
        for (let ny = Math.max(y - 1, 0); ny <= Math.min(y + 1, height - 1); ny++) {
          for (let nx = Math.max(x - 1, 0); nx <= Math.min(x + 1, width - 1); nx++) {
            const next = ny * width + nx;
            const isNeighbour = diagonal || nx === x || ny === y;
            if (isNeighbour && mask[next] === wanted && !labels[next]) {
              labels[next] = label;
              stack[depth++] = next;
            }
          }
        }
      }
      found.push({ first, area, box });
    }
    return { labels, found };
  }

  // The tight box of the largest component above `threshold` times the maximum; the whole image where
  // there is none. Of equally large components the highest wins, then the leftmost.
  function paperBox({ values, width, height }, threshold) {
    const whole = [0, 0, width, height];
    const top = maximum(values);
    if (!(top > 0)) return whole;
    const limit = Math.fround(threshold * top);
    const mask = Uint8Array.from(values, (value) => (value > limit ? 1 : 0));
    const { found } = components(mask, width, height, { wanted: 1, diagonal: true });
    if (!found.length) return whole;
    const order = (a, b) => b.area - a.area || a.box[1] - b.box[1] || a.box[0] - b.box[0];
    return found.sort(order)[0].box;
  }

  // The distance of each pixel to the nearest one outside of the mask; null if none is outside.
  function distances(mask, width, height) {
    const squares = new Float64Array(width * height).fill(FAR);
    let hasOutside = false;
    for (let x = 0; x < width; x++) {
      let above = Infinity;
      for (let y = 0; y < height; y++) {
        above = mask[y * width + x] ? above + 1 : 0;
        if (above < Infinity) squares[y * width + x] = above * above;
      }
      let below = Infinity;
      for (let y = height - 1; y >= 0; y--) {
        below = mask[y * width + x] ? below + 1 : 0;
        if (below * below < squares[y * width + x]) squares[y * width + x] = below * below;
      }
      hasOutside ||= above < Infinity;
    }
    if (!hasOutside) return null;
    const nearest = new Float32Array(width * height);
    for (let y = 0; y < height; y++) lowestParabolas(squares, nearest, y * width, width);
    return nearest;
  }

  // A row of the distance transform (Felzenszwalb and Huttenlocher): the lower envelope of parabolas.
  function lowestParabolas(squares, nearest, start, width) {
    const apex = [0];
    const from = [-Infinity];
    for (let q = 1; q < width; q++) {
      let crossing;
      for (;;) {
        const p = apex[apex.length - 1];
        crossing = (squares[start + q] + q * q - squares[start + p] - p * p) / (2 * (q - p));
        if (crossing > from[from.length - 1]) break;
        apex.pop();
        from.pop();
      }
      apex.push(q);
      from.push(crossing);
    }
    for (let x = 0, k = 0; x < width; x++) {
      while (k + 1 < from.length && from[k + 1] < x) k++;
      nearest[start + x] = Math.sqrt((x - apex[k]) ** 2 + squares[start + apex[k]]);
    }
  }

  // [x, y, width, height] around every contour of the eroded mask: of components and of their holes,
  // in the order of OpenCV's findContours, which decides between boxes of the same size.
  function contourBoxes(mask, width, height) {
    if (!mask.includes(1)) return [];
    const distance = distances(mask, width, height);
    let inside = mask;
    if (distance) {
      const deepest = maximum(distance);
      const depth = (value) => Math.fround(Math.fround(Math.fround(value / deepest) * 255) + 0.5);
      inside = Uint8Array.from(distance, (value) => (Math.floor(depth(value)) > MIN_DEPTH ? 1 : 0));
    }
    const { labels, found } = components(inside, width, height, { wanted: 1, diagonal: true });
    const outside = components(inside, width, height, { wanted: 0, diagonal: false }).found;
    const holes = outside.filter(
      ({ box }) => box[0] > 0 && box[1] > 0 && box[2] < width && box[3] < height,
    );
    const contours = [];
    for (let label = found.length; label > 0; label--) {
      contours.push(found[label - 1].box);
      const own = holes.filter(({ first }) => labels[first - 1] === label).reverse();
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
    const grey = Uint8Array.from(values, (value) => {
      const fraction = Math.min(Math.max(Math.fround(value / top), 0), 1);
      return roundHalfToEven(Math.fround(fraction * 255));
    });
    const boxes = AUTHORS_THRESHOLDS.flatMap((threshold) => {
      const mask = grey.map((level) => (level > threshold ? 1 : 0));
      return contourBoxes(mask, width, height);
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
