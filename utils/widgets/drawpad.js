// A square to draw in. Ink is computed on the n x n cells themselves: what is shown is what is read.
const PAD_SIZE = 280;
const HINT = {
  false: "Draw with mouse, finger or pen. Keys: arrows move, space inks, Shift + arrows draw a line.",
  true: "Click or drag to switch photocells. Keys: arrows move, space switches one, " +
    "Shift + arrows switch a line.",
};
const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

function make(parent, tag, properties = {}, attributes = {}) {
  const node = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent.append(node);
  return node;
}

// How much of the cell at distance d from the stroke's middle is covered by a stroke of radius r.
const cover = (d, r) => Math.min(1, Math.max(0, r + 0.5 - d));

function distance(x, y, [ax, ay], [bx, by]) {
  const dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
  const t = length ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

function picture(cells, n) {                              // the cells as a canvas of n x n pixels
  const canvas = Object.assign(document.createElement("canvas"), { width: n, height: n });
  const page = canvas.getContext("2d"), image = page.createImageData(n, n);
  cells.forEach((ink, i) => image.data.set([ink, ink, ink, 255], 4 * i));
  page.putImageData(image, 0, 0);
  return canvas;
}

function showSeen(model, row, n) {                        // what the network reads, small
  if (!model.get("seen").length) return () => {};
  const part = make(row, "div", { className: "seen" });
  const canvas = make(part, "canvas", { width: 2 * n, height: 2 * n },
    { role: "img", "aria-label": "the drawing as the network reads it" });
  make(part, "span", { textContent: "as the network reads it" });
  const paint = () => canvas.getContext("2d").drawImage(picture(model.get("seen"), n),
    0, 0, 2 * n, 2 * n);
  model.on("change:seen", paint);
  paint();
  return () => model.off("change:seen", paint);
}

function render({ model, el }) {
  const n = model.get("n"), binary = model.get("binary");
  const side = Math.max(4, Math.round(PAD_SIZE / n)), size = n * side, radius = 1.3 * n / 28;
  let cells = new Uint8Array(n * n), last = null, value = 255, cursor = [n >> 1, n >> 1];
  let keys = false;                                     // the cursor shows once a key was used

  const root = make(el, "div", { className: "course-pad" });
  root.style.width = `${size + 16}px`;
  root.setAttribute("data-lm-suppress-shortcuts", "true");  // JupyterLab's keys stay out of the pad
  const canvas = make(root, "canvas", { width: size, height: size, tabIndex: 0 },
    { role: "application", "aria-label": model.get("label") });
  const row = make(root, "div", { className: "row" });
  const clear = make(row, "button", { type: "button", textContent: "clear" });
  make(root, "p", { className: "hint", textContent: HINT[binary] });
  const status = make(root, "p", { className: "status" }, { "aria-live": "polite" });
  const page = canvas.getContext("2d");

  function paint() {
    page.imageSmoothingEnabled = false;
    page.drawImage(picture(cells, n), 0, 0, size, size);
    if (binary) lines();
    if (keys) frame(cursor);
  }
  function lines() {
    page.fillStyle = "#555";
    for (let i = 0; i < n; i++) {
      page.fillRect(i * side, 0, 1, size);
      page.fillRect(0, i * side, size, 1);
    }
  }
  function frame([x, y]) {
    page.strokeStyle = "#E69F00";
    page.lineWidth = 2;
    page.strokeRect(x * side - 1, y * side - 1, side + 2, side + 2);
  }
  function ink(from, to) {                              // positions in cells, not whole numbers
    for (let i = 0; i < n * n; i++) {
      const d = distance(i % n + 0.5, Math.floor(i / n) + 0.5, from, to);
      cells[i] = Math.max(cells[i], Math.round(255 * cover(d, radius)));
    }
  }
  function switchLine([ax, ay], [bx, by]) {             // every photocell on the way, to `value`
    const steps = Math.ceil(2 * Math.max(Math.abs(bx - ax), Math.abs(by - ay))) || 1;
    for (let s = 0; s <= steps; s++) {
      const x = Math.floor(ax + (bx - ax) * s / steps), y = Math.floor(ay + (by - ay) * s / steps);
      if (x >= 0 && y >= 0 && x < n && y < n) cells[y * n + x] = value;
    }
  }
  const stroke = (from, to) => { (binary ? switchLine : ink)(from, to); paint(); };
  const opposite = ([x, y]) => 255 - cells[Math.floor(y) * n + Math.floor(x)];
  function send() {
    model.set("cells", Array.from(cells));
    model.save_changes();
  }
  function take() {                                     // Python, or another view, has new cells
    if (last) return;
    const given = model.get("cells");
    cells = given.length === n * n ? Uint8Array.from(given) : new Uint8Array(n * n);
    paint();
  }
  function at(event) {
    const box = canvas.getBoundingClientRect();
    const inside = v => Math.min(n - 0.001, Math.max(0, v));
    return [inside((event.clientX - box.left - 1) / (box.width - 2) * n),
      inside((event.clientY - box.top - 1) / (box.height - 2) * n)];
  }

  canvas.addEventListener("pointerdown", event => {
    if (event.button !== 0) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    keys = false;
    last = at(event);
    value = opposite(last);
    stroke(last, last);
  });
  canvas.addEventListener("pointermove", event => {
    if (!last) return;
    const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const part of all.length ? all : [event]) {
      const next = at(part);
      stroke(last, next);
      last = next;
    }
  });
  function lift() {
    if (!last) return;
    last = null;
    send();
  }
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);

  function press(from, to) {                            // ink from the keyboard: cell to cell
    const middle = ([x, y]) => [x + 0.5, y + 0.5];
    stroke(middle(from), middle(to));
    send();
  }
  canvas.addEventListener("keydown", event => {
    const move = MOVES[event.key], inks = event.key === " " || event.key === "Enter";
    if (!move && !inks || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    keys = true;
    const from = cursor;
    if (move) cursor = cursor.map((v, i) => Math.min(n - 1, Math.max(0, v + move[i])));
    if (inks) value = opposite(cursor);
    if (inks || event.shiftKey) press(from, cursor);
    const lit = cells[cursor[1] * n + cursor[0]] > 127;
    status.textContent = `row ${cursor[1] + 1}, column ${cursor[0] + 1}: ${lit ? "ink" : "empty"}`;
    paint();
  });
  canvas.addEventListener("blur", () => { keys = false; paint(); });
  clear.addEventListener("click", () => {
    cells.fill(0);
    status.textContent = "The pad is empty.";
    paint();
    send();
  });
  const stopSeen = showSeen(model, row, n);
  model.on("change:cells", take);
  take();
  return () => { model.off("change:cells", take); stopSeen(); };
}
export default { render };
