// The picture of the city in the browser: takes the server's frames, tells ages and states. Touches no document.
"use strict";

class CityPicture {
  constructor(staleAfterS) {
    this.staleAfterS = staleAfterS;
    this.trucks = new Map();
    this.alerts = new Map();
    this.pushes = new Map();
    this.now = 0;
    this.connected = false;
    this.feed = true;
    this.alertCount = 0;
    this.pushCount = 0;
  }

  // Returns what is new in this frame; a full frame replaces everything, and nothing in it is called new.
  take(frame) {
    if (frame.full) {
      this.trucks.clear();
      this.alerts.clear();
      this.pushes.clear();
    }
    for (const truck of frame.trucks) this.trucks.set(truck.truck, truck);
    for (const id of frame.gone) this.trucks.delete(id);
    keepNewest(this.alerts, frame.alerts, (alert) => alert.id);
    keepNewest(this.pushes, frame.pushes, (push) => push.tag);
    this.now = frame.now;
    this.feed = frame.feed;
    this.connected = true;
    this.alertCount = frame.alert_count;
    this.pushCount = frame.push_count;
    return frame.full ? { alerts: [], pushes: [] } : { alerts: frame.alerts, pushes: frame.pushes };
  }

  get live() {
    return this.connected && this.feed;
  }

  ageS(truck) {
    return Math.max(0, Math.round((this.now - truck.fix_ms) / 1000));
  }

  // A position is live only while the link, the feed and the truck's own fixes are.
  state(truck) {
    if (!this.live || this.ageS(truck) > this.staleAfterS) return "stale";
    if (truck.collecting === true) return "collecting";
    return truck.speed_mps !== null && truck.speed_mps < 0.5 ? "standing" : "driving";
  }
}

function keepNewest(map, items, name) {
  for (const item of items) {
    map.delete(name(item));
    map.set(name(item), item);
    if (map.size > 50) map.delete(map.keys().next().value);
  }
}
