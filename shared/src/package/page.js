
"use strict";
// Puts the tables on the page. Whatever comes from the data is set as text, never as markup.
const PAGE = 25;

function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

// A cell is a text, or a text that leads to a file.
function cell({ text, href }) {
  const made = element("td");
  if (href === undefined) {
    made.textContent = text;
  } else {
    const link = element("a", text);
    link.href = href;
    made.append(link);
  }
  return made;
}

function words(row) {
  return row.map(({ text }) => text).join("\n").toLowerCase();
}

function show(place, label, heads, rows, total) {
  const all = rows.map((row) => ({ row, words: words(row) }));
  let found = all;
  let at = 0;
  const search = element("input");
  search.type = "search";
  search.placeholder = "Search";
  search.setAttribute("aria-label", "Search " + label);
  const back = element("button", "Back");
  const next = element("button", "Next");
  const where = element("span");
  where.setAttribute("role", "status");
  const tools = element("div");
  tools.className = "tools";
  tools.append(search, back, next, where);
  const table = element("table");
  const head = table.createTHead().insertRow();
  for (const name of heads) head.append(element("th", name));
  const body = table.createTBody();
  const scroll = element("div");
  scroll.className = "scroll";
  scroll.append(table);

  function draw() {
    const page = found.slice(at, at + PAGE);
    body.replaceChildren(...page.map((one) => {
      const line = element("tr");
      line.append(...one.row.map(cell));
      return line;
    }));
    where.textContent = found.length ? `${at + 1} to ${at + page.length} of ${found.length}` : "none found";
    back.disabled = at === 0;
    next.disabled = at + PAGE >= found.length;
  }
  search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase();
    found = all.filter((one) => one.words.includes(wanted));
    at = 0;
    draw();
  });
  back.addEventListener("click", () => { at -= PAGE; draw(); });
  next.addEventListener("click", () => { at += PAGE; draw(); });
  place.append(tools, scroll);
  if (rows.length < total) {
    const note = element("p", `This page shows the first ${rows.length} of ${total}; the files beside it have all.`);
    note.className = "note";
    place.append(note);
  }
  draw();
}

const data = JSON.parse(document.getElementById("data").textContent);
document.querySelectorAll("section[data-table]").forEach((place, n) => {
  const { heads, rows, files } = data[n];
  const { records, files: count } = place.dataset;
  const texts = (row) => row.map((text) => ({ text }));
  if (rows.length) show(place, "records", heads, rows.map(texts), Number(records));
  const line = (file) => [
    { text: file.name, href: file.link }, { text: String(file.bytes) }, { text: file.stored_at || "" },
    { text: file.hidden ? "hidden by a deletion" : "" },
  ];
  if (files.length) show(place, "files", ["File", "Bytes", "Stored", "State"], files.map(line), Number(count));
});
