"""The hosted sign-in: `/authorize` starts a login, `/sign-in/{login}` dispatches, the steps below it each do one thing."""
