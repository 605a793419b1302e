"""Two runs compared: tables and claims, what changed beyond chance, and which settings differ."""
