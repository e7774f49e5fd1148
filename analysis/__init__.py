"""After the fieldwork: design-based estimates and the satisfaction indices."""
