"""mypage-svc."""
