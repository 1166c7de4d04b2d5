// The filter of Live: `type:UPDATE field:Industry burlington` as parameters of the control interface.

export const KEYS = ["topic", "type", "object", "record", "field", "user", "tx"];
const PARAMETERS = { object: "entity", tx: "transaction" };

/** Parameters, or an error with its position. Words are one text, in their order. */
export function parse(text) {
  const parameters = {}, words = [];
  const term = /([A-Za-z]+):("(?:[^"\\]|\\.)*"|\S*)|"((?:[^"\\]|\\.)*)"|(\S+)/g;
  for (const match of text.matchAll(term)) {
    const [, key, value, quoted, word] = match;
    if (!key) {
      words.push(quoted ?? word);
      continue;
    }
    const name = key.toLowerCase();
    if (!KEYS.includes(name)) {
      const near = KEYS.find((known) => distance(known, name) <= 2);
      return { error: `Position ${match.index + 1}: \u201c${key}\u201d is not a key` + (near ? `; did you mean \u201c${near}\u201d?` : `. Keys are ${KEYS.join(", ")}; quote other text.`) };
    }
    const bare = value.replace(/^"|"$/g, "");
    if (!bare) return { error: `Position ${match.index + 1}: \u201c${key}:\u201d has no value` };
    const parameter = PARAMETERS[name] ?? name;
    if (parameters[parameter]) return { error: `Position ${match.index + 1}: \u201c${key}\u201d is there twice; separate values by commas` };
    parameters[parameter] = bare;
  }
  if (words.length) parameters.q = words.join(" ");
  return { parameters };
}

function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}
