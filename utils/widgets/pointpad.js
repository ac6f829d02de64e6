// A plane to put points of two classes in. Positions are [x, y, label] in [-1, 1]; label is 1 or -1.
const SIZE = 360, LEFT = 26, TOP = 10, BELOW = 24, NEAR = 14, STEP = 0.05, DOUBLE = 400;
const NAMES = { 1: "class +1", "-1": "class −1" };
const SIGNS = { 1: "●", "-1": "■" };
const HINT = "Click adds a point, Shift + click one of the other class; drag moves it, double " +
  "click removes it. Keys: Enter adds, N and P select, arrows move, C changes the class, " +
  "Delete removes.";
const MOVES = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

function make(parent, tag, properties = {}, attributes = {}) {
  const node = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent.append(node);
  return node;
}
function shape(parent, tag, attributes, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  parent.append(node);
  return node;
}
const clamp = v => Math.round(1000 * Math.min(1, Math.max(-1, v))) / 1000;
const left = x => LEFT + (x + 1) / 2 * SIZE, top = y => TOP + (1 - y) / 2 * SIZE;

function axes(svg) {
  shape(svg, "rect", { x: LEFT, y: TOP, width: SIZE, height: SIZE, fill: "#fff", stroke: "#888" });
  for (const v of [-1, 0, 1]) {
    const text = String(v).replace("-", "−");
    shape(svg, "text", { x: left(v), y: TOP + SIZE + 17, "text-anchor": "middle" }, text);
    shape(svg, "text", { x: LEFT - 6, y: top(v) + 4, "text-anchor": "end" }, text);
  }
}

function render({ model, el }) {
  const colors = model.get("colors");
  let points = [], chosen = -1, label = 1, dragging = false, lastDown = -DOUBLE;

  const root = make(el, "div", { className: "course-pad" });
  root.setAttribute("data-lm-suppress-shortcuts", "true");  // JupyterLab's keys stay out of the pad
  const width = LEFT + SIZE + 12, height = TOP + SIZE + BELOW;
  root.style.width = `${width + 14}px`;
  const svg = shape(root, "svg", { viewBox: `0 0 ${width} ${height}`, width, tabindex: 0,
    role: "application", "aria-label": model.get("label") });
  axes(svg);
  const behind = shape(svg, "image", { x: LEFT, y: TOP, width: SIZE, height: SIZE });
  const group = shape(svg, "g", {});
  const row = make(root, "div", { className: "row" });
  const classes = [1, -1].map(k => make(row, "button",
    { type: "button", onclick: () => choose(k) }, { "data-label": k }));
  classes.forEach((button, i) => {
    const k = [1, -1][i];
    make(button, "span", { textContent: SIGNS[k] + " ", ariaHidden: "true" }).style.color = colors[k];
    button.append(NAMES[k]);
  });
  const tool = (text, act) => make(row, "button", { type: "button", textContent: text, onclick: act });
  tool("remove", () => remove(chosen));
  tool("clear", () => replace([]));
  tool("reset", () => replace(model.get("initial")));
  make(root, "p", { className: "hint", textContent: HINT });
  const status = make(root, "p", { className: "status" }, { "aria-live": "polite" });

  function choose(k) {
    label = k;
    classes.forEach((b, i) => b.setAttribute("aria-pressed", String([1, -1][i] === k)));
  }
  function mark([x, y, k], i) {
    const cx = left(x), cy = top(y), r = 7;
    const look = { fill: colors[k], stroke: "#000", "stroke-width": 1 };
    if (i === chosen) shape(group, "circle", { cx, cy, r: 12, fill: "none", stroke: "#000" });
    if (k > 0) shape(group, "circle", { cx, cy, r, ...look });
    else shape(group, "rect", { x: cx - 6, y: cy - 6, width: 12, height: 12, ...look });
  }
  function paint() {
    group.replaceChildren();
    points.forEach(mark);
  }
  function say() {
    const number = v => v.toFixed(2).replace("-", "−");
    const p = points[chosen];
    status.textContent = p ? `point ${chosen + 1} of ${points.length}, ${NAMES[p[2]]}, at ` +
      `(${number(p[0])}, ${number(p[1])})` : `${points.length} points`;
  }
  function send() {
    paint();
    say();
    model.set("points", points.map(p => [...p]));
    model.save_changes();
  }
  function replace(rows) {
    points = rows.map(p => [...p]);
    chosen = -1;
    send();
  }
  function add(x, y, k) {
    points.push([clamp(x), clamp(y), k]);
    chosen = points.length - 1;
    send();
  }
  function move(x, y) {
    points[chosen] = [clamp(x), clamp(y), points[chosen][2]];
    send();
  }
  function remove(i) {
    if (i < 0 || i >= points.length) return;
    points.splice(i, 1);
    chosen = Math.min(i, points.length - 1);
    send();
  }
  function select(by) {
    if (points.length) chosen = (chosen + by + points.length) % points.length;
    paint();
    say();
  }
  function take() {                                     // Python, or another view, has new points
    if (dragging) return;
    points = model.get("points").map(p => [...p]);
    chosen = Math.min(chosen, points.length - 1);
    paint();
  }
  function at(event) {
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [(p.x - LEFT) / SIZE * 2 - 1, 1 - (p.y - TOP) / SIZE * 2];
  }
  function nearest(x, y) {                              // the topmost point under the pointer, or -1
    const far = points.map(p => Math.hypot(p[0] - x, p[1] - y) * SIZE / 2);
    const best = far.indexOf(Math.min(...far));
    return best >= 0 && far[best] <= NEAR ? best : -1;
  }

  svg.addEventListener("pointerdown", event => {
    const [x, y] = at(event), hit = nearest(x, y);
    if (event.button !== 0 || hit < 0 && Math.max(Math.abs(x), Math.abs(y)) > 1) return;
    svg.focus({ preventScroll: true });
    const again = hit === chosen && event.timeStamp - lastDown < DOUBLE;
    lastDown = event.timeStamp;
    if (hit >= 0 && again) return remove(hit);          // dblclick is not sent for redrawn marks
    svg.setPointerCapture(event.pointerId);
    dragging = true;
    if (hit < 0) return add(x, y, event.shiftKey ? -label : label);
    chosen = hit;
    paint();
    say();
  });
  svg.addEventListener("pointermove", event => {
    if (!dragging) return;
    lastDown = -DOUBLE;                                 // a drag is no first click of two
    move(...at(event));
  });
  const lift = () => { dragging = false; };
  svg.addEventListener("pointerup", lift);
  svg.addEventListener("pointercancel", lift);

  const ACTS = { Enter: () => add(0, 0, label), " ": () => add(0, 0, label), n: () => select(1),
    p: () => select(-1), Delete: () => remove(chosen), Backspace: () => remove(chosen),
    c: () => { if (points[chosen]) { points[chosen][2] *= -1; send(); } } };
  svg.addEventListener("keydown", event => {
    const by = MOVES[event.key], act = ACTS[event.key] || ACTS[event.key.toLowerCase()];
    if (!by && !act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (act) act();
    else if (points[chosen]) {
      const step = event.shiftKey ? STEP / 5 : STEP, [x, y] = points[chosen];
      move(x + by[0] * step, y + by[1] * step);
    }
  });
  async function back() {                               // decoded first, so that nothing flickers
    const picture = model.get("background"), image = new Image();
    if (!picture) return;
    image.src = "data:image/png;base64," + picture;
    await image.decode();
    if (picture === model.get("background")) behind.setAttribute("href", image.src);
  }
  model.on("change:points", take);
  model.on("change:background", back);
  choose(1);
  back();
  take();
  say();
  return () => { model.off("change:points", take); model.off("change:background", back); };
}
export default { render };
