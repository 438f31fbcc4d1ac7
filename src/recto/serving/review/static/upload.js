// Upload: each file by itself through POST /v1/documents, so that one that can't be read stops no other.
const form = document.getElementById("upload");
const files = document.getElementById("files");
const drop = document.getElementById("drop");
const done = document.getElementById("done");

function tell(name, words, address) {
  const item = document.createElement("li");
  const link = address ? document.createElement("a") : document.createElement("strong");
  if (address) link.href = address;
  link.textContent = name;
  item.append(link, ` ${words}`);
  done.hidden = false;
  done.append(item);
}

async function send(file) {
  const body = new FormData();
  body.append("file", file);
  for (const name of ["category", "business"]) if (form.elements[name].value.trim()) body.append(name, form.elements[name].value.trim());
  body.append("train", form.elements.train.checked ? "true" : "false");
  try {
    const answer = await fetch("/v1/documents", { method: "POST", body, headers: { "X-CSRF-Token": form.dataset.csrf } });
    const told = await answer.json();
    if (!answer.ok) return tell(file.name, `wasn't kept: ${told.detail}`);
    tell(file.name, told.known ? "is known already" : `is kept: ${told.pages_read} of ${told.pages.length} pages read`, `/review/documents/${told.id}`);
  } catch {
    tell(file.name, "wasn't kept: the connection is lost");
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  for (const file of files.files) await send(file);
  files.value = "";
  button.disabled = false;
});
for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", over);
    if (name === "drop") files.files = event.dataTransfer.files;
  });
}
