"""The web edge: requests in, pages out. Views find, ask a service and show; nothing here computes."""
