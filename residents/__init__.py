"""The room residents."""
