// The form of fields: its inputs → values, rows of lists, saving, and a choice where somebody else was quicker.
import { openConflict } from "/review/static/conflict.js";

export class FieldsForm {
  // `send` (fields, version) → the service's answer; `tell` says to the reader what came of it.
  constructor(form, version, send, tell) {
    Object.assign(this, { form, version, send, tell });
    this.groups = [...form.querySelectorAll("[data-field]")];
    this.before = new Map(this.groups.map((group) => [group, JSON.stringify(valueOf(group))]));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
    form.addEventListener("click", (event) => {
      if (event.target.closest(".add-item")) this.addRow(event.target.closest("[data-list]"));
      if (event.target.closest(".remove-item")) this.removeRow(event.target.closest(".item"));
    });
  }

  addRow(list) {
    list.querySelector(".items").append(list.querySelector("template").content.cloneNode(true));
    number(list);
    const added = list.querySelector(".item:last-child");
    added.querySelector("[data-path]").focus();
    this.tell(`${added.getAttribute("aria-label")} added`);
  }

  removeRow(row) {
    const list = row.closest("[data-list]");
    const near = row.nextElementSibling ?? row.previousElementSibling;
    const gone = row.getAttribute("aria-label");
    row.remove();
    number(list);
    (near?.querySelector("[data-path]") ?? list.querySelector(".add-item")).focus();
    this.tell(`${gone} removed; it is gone once the fields are saved`);
  }

  // All of the form, by field; null for what isn't said. Who saves has seen the untouched ones, too, and taggers learn
  // from what is saved. Throws WrongInput.
  all() {
    return Object.fromEntries(this.groups.map((group) => [group.dataset.field, this.isTouched(group) || !isEmpty(group) ? valueOf(group) ?? null : null]));
  }

  isTouched(group) {
    return JSON.stringify(valueOf(group)) !== this.before.get(group);
  }

  async save() {
    let fields;
    try {
      fields = this.all();
    } catch (error) {
      if (!(error instanceof WrongInput)) throw error;
      this.tell(error.message, "bad");
      error.input.focus();
      return;
    }
    await this.sent(fields);
  }

  // Whether it was saved.
  async sent(fields) {
    const answer = await this.send(fields, this.version);
    const told = await answer.json();
    if (answer.status === 409) { this.choose(told.conflict); return false; }
    if (!answer.ok) { this.tell(`Not saved: ${told.detail}`, "bad"); return false; }
    this.version = told.version;
    for (const group of this.groups) this.before.set(group, JSON.stringify(valueOf(group)));
    this.tell("Fields saved", "good");
    return true;
  }

  choose({ now, sent, base, version }) {
    this.tell("Somebody else has changed the fields: choose what counts", "bad");
    const there = { ...now.found, ...now.fields };
    const touched = new Set(this.groups.filter((group) => this.isTouched(group)).map((group) => group.dataset.field));
    const wasSaid = (name) => name in now.fields || name in (base?.fields ?? {}); // else it was only found, and is as it was
    const names = Object.keys(sent.fields).filter((name) => (touched.has(name) || wasSaid(name)) && inOrder(there[name] ?? null) !== inOrder(sent.fields[name]));
    const differences = names.map((name, i) => ({ name: `field-${i}`, label: name, isShown: true, isMine: touched.has(name), theirs: inWords(there[name]), mine: inWords(sent.fields[name]) }));
    openConflict("Somebody else has changed the fields", differences, async (mine) => {
      this.version = version;
      const theirs = new Set(names.filter((_, i) => !mine[i]));
      const chosen = Object.fromEntries(Object.entries(sent.fields).filter(([name]) => !theirs.has(name)));
      if (!Object.keys(chosen).length || (await this.sent(chosen))) location.reload();
    });
  }
}

// A list without rows.
function isEmpty(group) {
  return "list" in group.dataset && !valueOf(group).length;
}

class WrongInput extends Error {
  constructor(input, message) {
    super(message);
    this.input = input;
  }
}

function number(list) {
  const name = list.dataset.field;
  list.querySelectorAll(".item").forEach((row, i) => {
    row.setAttribute("aria-label", `${name}, row ${i + 1}`);
    row.querySelector(".remove-item").setAttribute("aria-label", `Remove row ${i + 1} of ${name}`);
  });
}

// What a field says; undefined where nothing stands in it. Empty rows of a list count for nothing.
function valueOf(group) {
  if (!("list" in group.dataset)) return gathered(group);
  return [...group.querySelectorAll(".item")].map(gathered).filter((row) => row !== undefined);
}

function gathered(element) {
  const parts = [...element.querySelectorAll("[data-path]")].map((input) => [JSON.parse(input.dataset.path), inputValue(input), "orNull" in input.dataset]);
  const said = parts.filter(([, value]) => value !== undefined);
  if (!said.length) return undefined;
  const whole = said.find(([path]) => !path.length);
  if (whole) return whole[1];
  const out = {};
  for (const [path, value, orNull] of parts) {
    const hasSiblings = said.some(([other]) => path.slice(0, -1).every((key, i) => other[i] === key));
    if (value !== undefined || (orNull && hasSiblings)) put(out, path, value ?? null);
  }
  return out;
}

function inputValue(input) {
  if (!input.value.trim()) return undefined;
  if (input.dataset.kind === "text") return input.value;
  try {
    return JSON.parse(input.value);
  } catch {
    const name = input.closest("[data-field]").dataset.field;
    throw new WrongInput(input, input.dataset.kind === "number" ? `${name}: “${input.value}” is no number` : `${name} must be JSON, as it was`);
  }
}

function put(out, path, value) {
  let at = out;
  for (const key of path.slice(0, -1)) {
    if (!Object.hasOwn(at, key)) own(at, key, {});
    at = at[key];
  }
  own(at, path.at(-1), value);
}

// A plain assignment would take the key __proto__ for something else.
function own(object, key, value) {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

// The same text for the same value, in whatever order its keys come.
function inOrder(value) {
  if (Array.isArray(value)) return `[${value.map(inOrder).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${inOrder(value[key])}`).join()}}`;
}

function inWords(value) {
  if (value === null || value === undefined) return "(nothing)";
  if (Array.isArray(value)) return value.length ? value.map((row, i) => `${i + 1}) ${inWords(row)}`).join(" ⏎ ") : "(no rows)";
  if (typeof value !== "object") return String(value);
  return Object.entries(value).filter(([, part]) => part !== null).map(([key, part]) => `${key}: ${inWords(part)}`).join(", ");
}
