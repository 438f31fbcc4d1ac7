// The page image with its boxes: zoom, pan, quarter turns. It knows nothing of texts.

const SVG = "http://www.w3.org/2000/svg";
const WHOLE = 0.995; // a box of so much of the page tells no place
const STEP = 1.25;

export class Viewer {
  constructor(width, height, onPick) {
    this.viewer = document.getElementById("viewer");
    this.stage = document.getElementById("stage");
    this.overlay = document.getElementById("overlay");
    this.size = [width, height];
    this.turn = 0;
    this.boxes = new Map();
    this.lit = null;
    const image = document.getElementById("image");
    image.width = width;
    image.height = height;
    this.overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.overlay.addEventListener("click", (event) => {
      const box = event.target.closest("polygon");
      if (box && !this.moved) onPick(Number(box.dataset.i));
    });
    this.listen();
    this.fit();
  }

  listen() {
    for (const [id, act] of [["zoom-in", () => this.zoom(STEP)], ["zoom-out", () => this.zoom(1 / STEP)], ["fit", () => this.fit()], ["rotate", () => this.rotate()]]) {
      document.getElementById(id).addEventListener("click", act);
    }
    this.viewer.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.ctrlKey || !event.shiftKey) this.zoom(Math.exp(-event.deltaY / 500), [event.clientX, event.clientY]);
      else this.move(-event.deltaX - event.deltaY, 0);
    }, { passive: false });
    let held = null;
    this.viewer.addEventListener("pointerdown", (event) => {
      held = [event.clientX, event.clientY];
      this.moved = false;
    });
    this.viewer.addEventListener("pointermove", (event) => {
      if (!held) return;
      const [x, y] = [event.clientX - held[0], event.clientY - held[1]];
      if (!this.moved && Math.hypot(x, y) < 4) return;
      if (!this.moved) this.viewer.setPointerCapture(event.pointerId);
      this.moved = true;
      this.viewer.classList.add("dragging");
      held = [event.clientX, event.clientY];
      this.move(x, y);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.viewer.addEventListener(name, () => { held = null; this.viewer.classList.remove("dragging"); });
    }
    new ResizeObserver(() => { if (this.fitted) this.fit(); }).observe(this.viewer);
  }

  draw(i, line) {
    this.boxes.get(i)?.remove();
    if (!hasPlace(line.box, this.size)) return;
    const [x0, y0, x1, y1] = line.box;
    const corners = line.polygon ?? [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
    const box = document.createElementNS(SVG, "polygon");
    box.setAttribute("points", corners.map((corner) => corner.join(",")).join(" "));
    box.dataset.i = i;
    box.classList.toggle("unsure", line.unsure);
    this.overlay.append(box);
    this.boxes.set(i, box);
    for (const [[x, y], [endX, endY]] of line.doubts ?? []) { // below unsure words
      const rule = document.createElementNS(SVG, "line");
      for (const [name, value] of Object.entries({ x1: x, y1: y, x2: endX, y2: endY })) rule.setAttribute(name, value);
      this.overlay.append(rule);
    }
  }

  // Light one box up, and bring it into sight where it isn't.
  light(i) {
    this.lit?.classList.remove("on");
    this.lit = this.boxes.get(i) ?? null;
    if (!this.lit) return;
    this.lit.classList.add("on");
    const [box, view] = [this.lit.getBoundingClientRect(), this.viewer.getBoundingClientRect()];
    const [x, y] = [outside(box.left, box.right, view.left, view.right), outside(box.top, box.bottom, view.top, view.bottom)];
    if (x || y) this.glide(x, y);
  }

  fit() {
    const view = this.viewer.getBoundingClientRect();
    const [width, height] = this.turn % 2 ? [this.size[1], this.size[0]] : this.size;
    this.scale = Math.min((view.width - 24) / width, (view.height - 24) / height);
    if (!(this.scale > 0)) this.scale = 1;
    this.x = (view.width - width * this.scale) / 2;
    this.y = (view.height - height * this.scale) / 2;
    this.fitted = true;
    this.place();
  }

  zoom(by, at) {
    const view = this.viewer.getBoundingClientRect();
    const [x, y] = at ? [at[0] - view.left, at[1] - view.top] : [view.width / 2, view.height / 2];
    const scale = Math.min(Math.max(this.scale * by, 0.05), 12);
    this.x = x - (x - this.x) * (scale / this.scale);
    this.y = y - (y - this.y) * (scale / this.scale);
    this.scale = scale;
    this.fitted = false;
    this.place();
  }

  rotate() {
    this.turn = (this.turn + 1) % 4;
    this.fit();
  }

  move(x, y) {
    this.x += x;
    this.y += y;
    this.fitted = false;
    this.place();
  }

  glide(x, y) {
    this.stage.classList.add("gliding");
    this.move(x, y);
    clearTimeout(this.gliding);
    this.gliding = setTimeout(() => this.stage.classList.remove("gliding"), 200);
  }

  place() {
    const [width, height] = this.size.map((side) => side * this.scale);
    const [dx, dy] = [[0, 0], [height, 0], [width, height], [0, width]][this.turn];
    this.stage.style.transform = `translate(${this.x + dx}px, ${this.y + dy}px) rotate(${this.turn * 90}deg) scale(${this.scale})`;
  }
}

export function hasPlace(box, [width, height]) {
  return Boolean(box) && (box[2] - box[0]) * (box[3] - box[1]) < WHOLE * width * height;
}

// How far a stretch has to move to lie inside, with some room around it.
function outside(from, to, low, high) {
  const room = Math.min(40, (high - low) / 8);
  if (from < low + room) return low + room - from;
  return to > high - room ? Math.max(high - room - to, low + room - from) : 0;
}
