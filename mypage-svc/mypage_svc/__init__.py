"""mypage-svc: the customer's page and the barista's board."""
