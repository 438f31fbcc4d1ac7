// Somebody else was quicker: both versions beside each other, and a choice for each difference. It saves nothing itself.
import { show } from "/review/static/diff.js";

const dialog = document.getElementById("conflict");
const choices = document.getElementById("conflict-choices");
document.getElementById("conflict-close").addEventListener("click", () => dialog.close());

// `differences` are {name, label, theirs, mine (texts), isMine: what counts unless one chooses}; `save` hears of each, in that order, whether mine counts.
export function openConflict(heading, differences, save) {
  document.getElementById("conflict-title").textContent = heading;
  choices.replaceChildren(...differences.map(choice));
  document.getElementById("conflict-save").onclick = () => {
    const mine = differences.map(({ name }) => choices.querySelector(`[name="${name}"]:checked`).value === "mine");
    dialog.close();
    save(mine);
  };
  dialog.showModal();
}

function choice({ name, label, theirs, mine, isMine, isShown }) {
  const group = document.createElement("fieldset");
  group.className = "choices";
  const legend = document.createElement("legend");
  if (!isShown) legend.className = "hidden-label";
  legend.textContent = label;
  group.append(legend);
  for (const [value, whose, text] of [["mine", "Mine", mine], ["theirs", "Theirs", theirs]]) {
    const option = document.createElement("label");
    const radio = Object.assign(document.createElement("input"), { type: "radio", name, value, checked: isMine === (value === "mine") });
    const shown = document.createElement("span");
    shown.className = "diff";
    show(shown, value === "mine" ? theirs : mine, text);
    option.append(radio, whose, shown);
    group.append(option);
  }
  return group;
}
