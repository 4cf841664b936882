"""payment-svc: the money and its ledger."""
