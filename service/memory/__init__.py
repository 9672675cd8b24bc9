"""What a process holds: the atlas of one moment, one memory, the revisions that keep both true."""
