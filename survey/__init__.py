"""The application: what collects, computes and shows citizens' satisfaction."""
