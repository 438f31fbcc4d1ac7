// Words of two texts beside each other: what the machine said and the person doesn't (del), and the other way (ins).

const MOST = 400; // words of a line; longer ones are shown as a whole

export function pieces(machine, person) {
  const [a, b] = [words(machine), words(person)];
  if (a.length > MOST || b.length > MOST) return [["del", machine], ["ins", person]];
  const common = table(a, b);
  const out = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { out.push(["same", a[i]]); i += 1; j += 1; }
    else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) { out.push(["del", a[i]]); i += 1; }
    else { out.push(["ins", b[j]]); j += 1; }
  }
  return out;
}

export function show(element, machine, person) {
  element.replaceChildren();
  for (const [kind, word] of pieces(machine, person)) {
    const part = kind === "same" ? document.createTextNode(word) : document.createElement(kind);
    if (kind !== "same") part.textContent = word;
    element.append(part, " ");
  }
}

function words(text) {
  return text.split(/\s+/u).filter(Boolean);
}

// The longest common run of words from each pair of places on.
function table(a, b) {
  const out = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      out[i][j] = a[i] === b[j] ? out[i + 1][j + 1] + 1 : Math.max(out[i + 1][j], out[i][j + 1]);
    }
  }
  return out;
}
