"""Before the fieldwork: frames, sizes, allocation, selection, plans."""
