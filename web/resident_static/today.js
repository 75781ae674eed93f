// A home's day in one glance. Pure: the day as the service tells it, to words and a drawing.
import { clock, day, list, named, timeOfDay, word } from "./words.js";

const FRESH_MS = 90000;

/** The names of waste types, by id. */
export function names(app, ids) {
  return list(ids.map((id) => named(app.city.categories.find((each) => each.id === id), app.city.language)));
}

/** What to show: `look` (a colour and drawing), `big`, and smaller lines. */
export function glance(today, app, nowMs) {
  const seen = LOOKS[today.state] ?? LOOKS.unknown;
  const lines = seen.lines(today, app, nowMs).filter(Boolean);
  return { look: seen.look, icon: seen.icon, big: seen.big(today, app, nowMs), lines };
}

/** Whether a state may stand as live: it was heard of a moment ago. */
export const isLive = (heardMs, nowMs) => nowMs - heardMs < FRESH_MS;

const at = (instant, app) => clock(instant, app.city.timezone);
const isToday = (today) => Boolean(today.next) && today.next.date === today.date;
const over = (today, app, nowMs) => isToday(today) && today.next.out_by && clock24(nowMs, app.city.timezone) > today.next.out_by;

/** The time of day in the city as "08:30", to compare. */
function clock24(nowMs, timezone) {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: timezone }).format(new Date(nowMs));
}

/** What must be out, and by when. In a city with a fixed time, a late bag is never invited. */
function duty(today, app, nowMs) {
  if (!isToday(today)) return null;
  const waste = names(app, today.next.categories);
  if (!today.next.out_by) return word("today.waste", { waste });
  const time = timeOfDay(today.next.out_by);
  if (app.city.policy === "by_deadline" && over(today, app, nowMs)) return word("today.too_late", { waste, time });
  return word("today.out_by", { waste, time });
}

function following(today, app) {
  if (!today.next || isToday(today)) return null;
  return word("today.next", { date: day(today.next.date, today.date), waste: names(app, today.next.categories) });
}

const LOOKS = {
  no_collection: { look: "calm", icon: "rest", big: () => word("state.no_collection"), lines: (today, app) => [following(today, app)] },
  not_started: {
    look: "calm",
    icon: "clock",
    big: (today, app, nowMs) => (deadline(today, app, nowMs) ?? word("state.not_started")),
    lines: (today, app, nowMs) => [duty(today, app, nowMs), deadline(today, app, nowMs) ? word("state.not_started") : word("state.not_started.note")],
  },
  on_its_way: { look: "coming", icon: "truck", big: () => word("state.on_its_way"), lines: (today, app, nowMs) => [duty(today, app, nowMs), word("state.on_its_way.note")] },
  window: {
    look: "coming",
    icon: "truck",
    big: (today, app) => word("state.window", { low: at(today.window.low, app), high: at(today.window.high, app) }),
    lines: (today, app, nowMs) => [duty(today, app, nowMs), word("state.window.note", { share: Math.round(today.window.share * 10) })],
  },
  passed: { look: "good", icon: "check", big: (today, app) => (today.passed_at ? word("state.passed", { time: at(today.passed_at, app) }) : word("state.passed.some")), lines: (today, app) => [following(today, app)] },
  no_signal: {
    look: "warn",
    icon: "nosignal",
    big: () => word("state.no_signal"),
    lines: (today, app, nowMs) => [today.heard_at && word("state.no_signal.since", { time: at(today.heard_at, app) }), word("state.no_signal.note"), duty(today, app, nowMs)],
  },
  unknown: { look: "calm", icon: "clock", big: () => word("state.unknown"), lines: (today, app, nowMs) => [duty(today, app, nowMs), following(today, app)] },
};

/** In a city with a fixed time, until it is over: that time is what matters. */
function deadline(today, app, nowMs) {
  if (app.city.policy !== "by_deadline" || !isToday(today) || !today.next.out_by || over(today, app, nowMs)) return null;
  return word("state.deadline", { time: timeOfDay(today.next.out_by) });
}
