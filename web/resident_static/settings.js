// Everything that was answered at sign-up, to change one by one; and the rest that a home may do.
import { el, picture } from "./dom.js";
import { kept } from "./keep.js";
import { names } from "./today.js";
import { languages, list, timeOfDay, word } from "./words.js";

export async function draw({ main, title, app }) {
  title.textContent = word("settings.title");
  const form = kept().form ?? {};
  const edit = (id) => () => app.go("edit", id);
  main.append(el("ul", { class: "menu" },
    row("pin", word("settings.place"), kept().placeName ?? "", edit("place")),
    row("bag", word("settings.waste"), names(app, form.categories ?? []), edit("waste")),
    row("clock", word("settings.lead"), leadOf(form), edit("lead")),
    row("speech", word("settings.language"), languages().find(({ tag }) => tag === form.language)?.name ?? "", edit("language")),
    row("bell", word("settings.told"), toldOf(form), edit("told")),
    row("rest", word("settings.quiet"), form.quiet ? word("quiet.range", hours(form.quiet)) : word("off"), edit("quiet"))),
  el("ul", { class: "menu" },
    row("phone", word("devices.title"), "", () => app.go("devices")),
    row("plus", word("other.title"), "", () => app.go("other")),
    row("print", word("code.title"), "", () => app.go("code")),
    row("bin", word("erase.title"), "", () => app.go("erase"))));
}

function row(icon, label, value, act) {
  return el("li", {}, el("button", { type: "button", class: "row", on: { click: act } }, picture(icon),
    el("span", { class: "choice-words" }, el("b", { text: label }), value ? el("small", { text: value }) : null)));
}

function leadOf({ lead }) {
  if (lead?.minutes) return word("lead.short", { n: lead.minutes });
  return lead?.metres ? word("lead.metres", { metres: lead.metres }) : word("lead.zone");
}

const hours = (quiet) => ({ from: timeOfDay(quiet.from), until: timeOfDay(quiet.until) });

function toldOf({ reminders = [], kinds = [] }) {
  const parts = reminders.map((each) => `${each.days_before ? word("told.evening") : word("told.morning")} ${timeOfDay(each.at)}`);
  if (kinds.includes("here")) parts.push(word("told.here"));
  if (kinds.includes("passed")) parts.push(word("told.passed"));
  return parts.length ? list(parts) : word("off");
}
