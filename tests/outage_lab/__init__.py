"""The outage lab: a healthy fleet under every outage there is; nobody may be commanded for it."""
