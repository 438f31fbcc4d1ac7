// A page under correction: lines, their boxes, keys, drafts, saving. What is saved goes through the public API.
import { openConflict } from "/review/static/conflict.js";
import { show } from "/review/static/diff.js";
import { FieldsForm } from "/review/static/fields.js";
import { Viewer, hasPlace } from "/review/static/viewer.js";

const data = JSON.parse(document.getElementById("page-data").textContent);
const address = `/v1/documents/${data.id}`;
const page = `${address}/pages/${data.page}`;
const list = document.getElementById("lines");
const status = document.getElementById("status");
if (!data.width) { // only the image tells its size
  const image = document.getElementById("image");
  await image.decode();
  [data.width, data.height] = [image.naturalWidth, image.naturalHeight];
}
const size = [data.width, data.height];
const KEPT = `recto ${data.author} ${data.id} ${data.page}`; // a draft that the service couldn't be told of
const DRAFT_AFTER_MS = 700;
const MEANWHILE = "Saved, but what you typed meanwhile isn't: save again";
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];

let version = data.version;
let lines = data.lines.map((line) => ({ ...line, machine: line.text }));
let current = 0;
let saving = false;
let draftTimer = 0;
let untold = false; // whether something was typed that the service doesn't know
const viewer = new Viewer(...size, (i) => focusLine(i));

// -- lines -------------------------------------------------------------------------------------------------

const rowOf = (i) => list.querySelector(`[data-i="${i}"]`);
const inputOf = (i) => rowOf(i)?.querySelector("input");

function focusLine(i) {
  const input = inputOf(i);
  if (!input) return;
  input.focus();
  input.closest(".row").scrollIntoView({ block: "nearest" });
}

function light(i) {
  rowOf(current)?.classList.remove("on");
  current = i;
  rowOf(i)?.classList.add("on");
  viewer.light(i);
}

function typed(i) {
  const row = rowOf(i);
  lines[i].text = inputOf(i).value;
  const changed = lines[i].text !== lines[i].machine;
  row.classList.toggle("changed", changed);
  let diff = row.querySelector(".diff");
  if (changed && !diff) {
    diff = document.createElement("div");
    diff.className = "diff";
    row.append(diff);
  }
  if (changed) show(diff, lines[i].machine, lines[i].text);
  else diff?.remove();
}

function fill(texts) {
  texts.forEach((text, i) => {
    if (!inputOf(i) || inputOf(i).value === text) return;
    inputOf(i).value = text;
    typed(i);
  });
  texts.slice(lines.length).forEach((text) => insertLine({ text, box: null, polygon: null, unsure: false, machine: "" }));
}

function addLine() {
  const above = lines[current]?.box ?? [0, 0, ...size];
  const height = above[3] - above[1];
  const box = hasPlace(above, size) ? [above[0], Math.min(above[1] + height, size[1] - 1), above[2], Math.min(above[3] + height, size[1])] : above;
  insertLine({ text: "", box, polygon: null, unsure: false, machine: "" });
  focusLine(lines.length - 1);
}

function insertLine(line) {
  const i = lines.push(line) - 1;
  const row = document.createElement("li");
  row.className = "row";
  row.dataset.i = i;
  row.innerHTML = '<span class="place" aria-hidden="true"></span><input spellcheck="false" autocomplete="off"><span class="sure"></span>';
  row.querySelector(".place").textContent = i + 1;
  row.querySelector("input").setAttribute("aria-label", `Line ${i + 1}, added`);
  row.querySelector("input").value = line.text;
  const after = rowOf(current);
  if (after) after.after(row); else list.replaceChildren(row);
  viewer.draw(i, line);
}

// The texts in the order in which they stand on the page's list, which added lines have changed.
const inOrder = () => [...list.querySelectorAll(".row")].map((row) => lines[Number(row.dataset.i)]);

function neighbour(step, wanted = () => true) {
  const order = [...list.querySelectorAll(".row")];
  let at = order.indexOf(rowOf(current)) + step;
  while (order[at] && !wanted(order[at])) at += step;
  if (order[at]) focusLine(Number(order[at].dataset.i));
  return Boolean(order[at]);
}

function nextUnsure() {
  if (neighbour(1, (row) => row.classList.contains("unsure"))) selectDoubt(rowOf(current));
  else tell("No unsure line below");
}

// Select the first unsure word of a line as it was read, so that typing puts another in its place.
function selectDoubt(row) {
  const word = row.querySelector(".doubts mark");
  if (!word || row.classList.contains("changed")) return;
  const before = document.createRange();
  before.setStart(word.parentNode, 0);
  before.setEndBefore(word);
  const start = before.toString().length;
  row.querySelector("input").setSelectionRange(start, start + word.textContent.length);
}

// Marks below words move along where a long line is scrolled.
function followed(event) {
  const marks = event.target.closest(".row")?.querySelector(".doubts");
  if (marks) marks.scrollLeft = event.target.scrollLeft;
}

// -- telling the service -----------------------------------------------------------------------------------

function tell(words, kind = "") {
  status.textContent = words;
  status.dataset.kind = kind;
}

function ask(method, path, body, headers = {}) {
  const more = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  return fetch(path, { method, ...more, headers: { ...more.headers, "X-CSRF-Token": data.csrf, ...headers } });
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function content(of = inOrder()) {
  if (of.some((line) => !line.box) || (!data.has_lines && of.every((line) => !hasPlace(line.box, size)))) return { text: of.map((line) => line.text).join("\n") };
  const kept = of.filter((line) => line.text.trim());
  return { lines: kept.map(({ text, box, polygon }) => (polygon ? { text, box, polygon } : { text, box })) };
}

// Until the service has answered: a save that is sent again has the same key, and is saved once.
async function persist(method, path, body, onVersion) {
  const headers = { "If-Match": `"${onVersion}"`, "Idempotency-Key": newKey() };
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await ask(method, path, body, headers);
      if (answer.status < 500) return answer;
      tell("The service is busy. Trying again…", "bad");
    } catch {
      tell("Connection lost. Your text is kept here; trying again…", "bad");
    }
    await new Promise((wait) => setTimeout(wait, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]));
  }
}

// Whether it was saved, all of it. What was refused, stale or typed meanwhile is told, and nothing is lost.
async function save(body = content()) {
  if (saving) return false;
  saving = true;
  const typedThen = JSON.stringify(content());
  clearTimeout(draftTimer);
  tell("Saving…");
  try {
    const answer = await persist("PATCH", `${address}/transcript`, { page: data.page, ...body }, version);
    const told = await answer.json();
    if (answer.status === 409) { choose(told.conflict); return false; }
    if (!answer.ok) { tell(`Not saved: ${told.detail}`, "bad"); return false; }
    version = told.version;
    localStorage.removeItem(KEPT);
    Object.assign(document.getElementById("state"), { className: "tag good", textContent: "✓ trusted" });
    untold = JSON.stringify(content()) !== typedThen;
    if (untold) { tell(MEANWHILE, "bad"); draftSoon(MEANWHILE); return false; }
    tell("Saved", "good");
    return true;
  } finally {
    saving = false;
  }
}

async function next() {
  const answer = await ask("POST", "/v1/queue/next");
  if (answer.status === 204) { location.assign("/review"); return; }
  const told = await answer.json();
  if (!answer.ok) { tell(told.detail, "bad"); return; }
  location.assign(`/review/documents/${told.id}?page=${told.page}`);
}

async function saveAndNext() {
  if (await save()) await next();
}

async function accept() {
  if (!data.reading) { tell("Nothing has read this page: there is nothing to accept.", "bad"); return; }
  if (await save(data.reading)) await next();
}

async function unsure() {
  const answer = await ask("POST", `${page}/unsure`);
  if (answer.ok) await next();
  else tell("It couldn't be told. Try again.", "bad");
}

async function undo() {
  const answer = await persist("POST", `${address}/undo`, { kind: "transcript", page: data.page }, version);
  if (answer.ok) { location.reload(); return; }
  tell((await answer.json()).detail, "bad");
}

// -- drafts ------------------------------------------------------------------------------------------------

function draftSoon(words = "Draft kept") {
  untold = true;
  clearTimeout(draftTimer);
  draftTimer = setTimeout(() => keepDraft(words), DRAFT_AFTER_MS);
}

async function keepDraft(words) {
  const draft = { version, ...content() };
  untold = false;
  try {
    const answer = await ask("PUT", `${page}/draft?kind=transcript`, draft);
    if (!answer.ok) throw new Error(answer.status);
    localStorage.removeItem(KEPT);
    if (!saving) tell(words);
  } catch {
    keepHere(draft);
    if (!saving) tell("Draft kept in this browser only", "bad");
  }
}

function keepHere(draft) {
  localStorage.setItem(KEPT, JSON.stringify(draft));
}

function takeUpDraft() {
  const here = JSON.parse(localStorage.getItem(KEPT) ?? "null");
  const draft = here?.version === version ? here : data.draft ?? here;
  if (!draft || isSaid(draft)) return;
  const texts = draft.text?.split("\n") ?? draft.lines?.map((line) => line.text);
  if (!texts) return;
  if (draft.lines) placeDraft(draft.lines);
  else fill(texts);
  if (draft.version === version) { tell("Your draft is taken up"); return; }
  version = draft.version; // stale: saving shows both texts
  tell("Your draft is taken up, but the page has changed since: saving shows both texts", "bad");
}

// Whether the page says it already: a draft may arrive after the save that it belongs to.
const isSaid = (draft) => joined(rowsOf(draft)).text === joined(lines).text;

// Lines of a draft belong to those that stand at the same place; others were added.
function placeDraft(drafted) {
  const known = new Map(lines.map((line, i) => [String(line.box), i]));
  const seen = new Set();
  for (const line of drafted) {
    const i = known.get(String(line.box));
    if (i === undefined || seen.has(i)) { insertLine({ ...line, polygon: line.polygon ?? null, unsure: false, machine: "" }); continue; }
    seen.add(i);
    inputOf(i).value = line.text;
    typed(i);
  }
  lines.slice(0, data.lines.length).forEach((line, i) => { if (!seen.has(i)) { inputOf(i).value = ""; typed(i); } });
}

// -- two reviewers -----------------------------------------------------------------------------------------

function choose(conflict) {
  const heading = "This page has changed since you began";
  tell(`${heading}: choose what counts`, "bad");
  const [theirs, mine] = [rowsOf(conflict.now), rowsOf(conflict.sent)];
  const paired = theirs.length === mine.length;
  const groups = paired ? mine.map((line, i) => [theirs[i], line]) : [[joined(theirs), joined(mine)]];
  const seen = conflict.base && paired ? rowsOf(conflict.base) : [];
  const untouched = (i) => seen.length === mine.length && seen[i].text === mine[i].text; // only they have changed it
  const apart = groups.map((_, i) => i).filter((i) => groups[i][0].text !== groups[i][1].text);
  const differences = apart.map((i) => ({ name: `line-${i}`, label: `Line ${i + 1}`, isMine: !untouched(i), theirs: groups[i][0].text, mine: groups[i][1].text }));
  openConflict(heading, differences, (isMine) => {
    version = conflict.version;
    const theirsCount = new Set(apart.filter((_, n) => !isMine[n]));
    const chosen = groups.map(([now, sent], i) => (theirsCount.has(i) ? now : sent));
    list.inert = true; // what was typed now would belong to neither text
    save(paired ? contentOf(chosen) : contentOf(chosen[0].rows)).then((saved) => { if (saved) location.reload(); else list.inert = false; });
  });
}

const rowsOf = (side) => side.lines?.length ? side.lines : (side.text ?? "").split("\n").map((text) => ({ text, box: null }));
const joined = (rows) => ({ text: rows.map((row) => row.text).join(" ⏎ "), rows });
const contentOf = (rows) => (rows.some((row) => row.box) ? content(rows) : { text: rows.map((row) => row.text).join("\n") });

// -- keys --------------------------------------------------------------------------------------------------

const ACTIONS = { "save-next": saveAndNext, accept, save: () => save(), unsure, undo, help: () => document.getElementById("help-dialog").showModal(), "add-line": addLine };
const KEYS = {
  "ctrl Enter": "save-next", "ctrl s": "save", "alt a": "accept", "alt u": "unsure", "alt z": "undo", "alt h": "help",
  "alt n": nextUnsure,
  "alt +": () => viewer.zoom(1.25), "alt =": () => viewer.zoom(1.25), "alt -": () => viewer.zoom(0.8), "alt 0": () => viewer.fit(), "alt r": () => viewer.rotate(),
};
const shortcuts = document.getElementById("shortcuts");

function run(action) {
  if (typeof action === "function") action();
  else if (document.getElementById(action)) ACTIONS[action]();
}

function pressed(event) {
  if (!shortcuts.checked || document.querySelector("dialog[open]")) return;
  const held = event.ctrlKey || event.metaKey ? "ctrl " : event.altKey ? "alt " : "";
  const action = KEYS[held + (event.key.length === 1 ? event.key.toLowerCase() : event.key)];
  if (action) { event.preventDefault(); run(action); return; }
  if (held || event.shiftKey || !event.target.closest(".row input") || event.isComposing) return;
  if (event.key === "Enter" || event.key === "ArrowDown") { event.preventDefault(); neighbour(1); }
  if (event.key === "ArrowUp") { event.preventDefault(); neighbour(-1); }
}

function useShortcuts() {
  document.getElementById("work").classList.toggle("no-keys", !shortcuts.checked);
  localStorage.setItem("recto shortcuts", shortcuts.checked ? "on" : "off");
}

list.addEventListener("focusin", (event) => { const row = event.target.closest(".row"); if (row) light(Number(row.dataset.i)); });
list.addEventListener("input", (event) => { typed(Number(event.target.closest(".row").dataset.i)); draftSoon(); });
document.addEventListener("keydown", pressed);
window.addEventListener("pagehide", () => { if (untold) keepHere({ version, ...content() }); });
list.addEventListener("scroll", followed, true);
for (const [id, action] of Object.entries(ACTIONS)) document.getElementById(id)?.addEventListener("click", action);
const form = document.getElementById("fields");
if (form && data.corrects) new FieldsForm(form, data.fields_version, (fields, on) => persist("PATCH", `${address}/fields`, { fields }, on), tell);
else form?.addEventListener("submit", (event) => event.preventDefault());
shortcuts.checked = localStorage.getItem("recto shortcuts") !== "off";
shortcuts.addEventListener("change", useShortcuts);
useShortcuts();
lines.forEach((line, i) => viewer.draw(i, line));
if (data.corrects) takeUpDraft();
focusLine(Math.max(0, lines.findIndex((line) => line.unsure)));
document.body.dataset.ready = "true";
