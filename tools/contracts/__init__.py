"""`contracts/` and the diagrams of docs/, made from what the services are."""
