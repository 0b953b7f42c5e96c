"""The corpus is code that the migration commands read; its own tests are run by tests, not collected."""

collect_ignore = ["corpus"]
