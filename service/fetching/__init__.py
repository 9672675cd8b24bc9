"""What is published elsewhere, brought here when somebody asks: tables of e-Stat, feeds of GTFS."""
