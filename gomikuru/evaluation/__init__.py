"""Scores alerts and predictions against what really happened (docs/evaluation.md). Pure: opens no file."""
