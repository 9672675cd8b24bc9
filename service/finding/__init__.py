"""Finding whatever people type into one box: places, figures, measures, stations, postcodes."""
