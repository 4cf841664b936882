"""cafe-svc: cafes, menus, and the making of drinks."""
