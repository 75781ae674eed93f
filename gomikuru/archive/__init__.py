"""The archive: a city's past pings and decided alerts in daily files, to learn from and to judge by.

<archive.dir>/<city>/{pings,alerts,homes}/YYYY-MM-DD.{csv,jsonl}; a day that is over is compressed (.gz). Where vehicles
were is personal data: folders are 0700, files 0600, and what is older than `archive.keep_days` is deleted.
"""
