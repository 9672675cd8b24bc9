"""The RESAS API, answered from the atlas."""
