"""Alert -> push: policy, words in the resident's language, channels. policy, words, outcome, backoff are pure."""
