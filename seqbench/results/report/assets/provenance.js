// Machine, versions, commit, command and signatures of the table that is shown.

function drawProvenance(sheet) {
  const raws = sheet.name === ALL ? page.sheets : [sheet];
  const entries = raws.flatMap((raw) => raw.provenance);
  const made = entries.map((entry, n) => el("details", { open: n < 2 && entries.length < 4 },
    el("summary", {}, el("bdi", {}, entry.sheet), entry.key ? el("code", {}, entry.key) : null),
    el("div", { class: "scroll" }, el("table", { class: "provenance" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "what"), el("th", { scope: "col" }, "value"))),
      el("tbody", {}, entry.fields.map(([name, value]) => {
        return el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value));
      }))))));
  const none = "No provenance.json stands beside this table, so where it was measured is not known.";
  const source = el("p", { class: "hint" }, "Read from ", el("bdi", {}, sheet.source));
  replace(byId("provenance-list"), source, made.length ? made : nothing(none));
}
