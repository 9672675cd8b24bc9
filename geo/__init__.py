"""Pure functions of regional data: arrays in, arrays or bytes out. No web, no database, no clock."""
