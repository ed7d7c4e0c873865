"""The account pages: what a signed-in person sees and does about their own way in."""
