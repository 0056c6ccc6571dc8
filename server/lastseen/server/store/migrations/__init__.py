"""The schema's history: each step a file in `versions`, applied in their order."""
