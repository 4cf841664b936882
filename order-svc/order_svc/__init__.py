"""order-svc: the customer's intent and the saga's deadlines."""
