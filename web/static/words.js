// The page's own words, by language. What residents read in a push comes worded from the notifier.
"use strict";

const WORDS = {
  ja: {
    map: "地図", trucks: "収集車", alerts: "お知らせ一覧", pushes: "届いた通知",
    collecting: "収集中", driving: "移動中", standing: "停車中", stale: "最後に確認した位置",
    no_trucks: "まだ位置が届いていません", no_alerts: "まだありません",
    seconds: (n) => `${n}秒前`, minutes: (n) => `${n}分前`, hours: (n) => `${n}時間前`,
    silent: (age) => `信号なし（最後は${age}）`, was: (time) => `${time}の位置`,
    speed: (kmh) => `時速${kmh}km`, go: (truck) => `${truck} を地図で見る`,
    lost: "接続が切れました。表示中の位置は古いものです。自動で再接続します。",
    feed_lost: "位置情報の取得が止まっています。表示中の位置は古いものです。",
    no_map: "地図を表示できません。一覧はそのまま使えます。",
    trial: "試行中：通知は送られません",
    other: "English",
    kinds: { approaching: "まもなく到着", corrected: "時刻の訂正", here: "到着", passed: "通過", disrupted: "遅れ・異常", reminder: "予告" },
  },
  en: {
    map: "Map", trucks: "Trucks", alerts: "Alerts decided", pushes: "Pushes received",
    collecting: "collecting", driving: "moving", standing: "standing", stale: "last known place, no signal",
    no_trucks: "No position has arrived yet", no_alerts: "None yet",
    seconds: (n) => `${n} s ago`, minutes: (n) => `${n} min ago`, hours: (n) => `${n} h ago`,
    silent: (age) => `no signal (last ${age})`, was: (time) => `place at ${time}`,
    speed: (kmh) => `${kmh} km/h`, go: (truck) => `Show ${truck} on the map`,
    lost: "Disconnected: the positions shown are old. Reconnecting by itself.",
    feed_lost: "No positions are coming from the store: the positions shown are old.",
    no_map: "The map library is not installed. The lists work without it.",
    trial: "on trial: nobody is told",
    other: "日本語",
    kinds: { approaching: "approaching", corrected: "corrected", here: "here", passed: "passed", disrupted: "disrupted", reminder: "reminder" },
  },
};
