"""Client quotas: who may take how much, counted over windows of time."""
