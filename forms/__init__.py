"""The questionnaire as data, and everything derived from it."""
