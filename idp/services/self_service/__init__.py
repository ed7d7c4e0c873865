"""What people do about their own way in: password, MFA, phone number, sessions.

Every use case starts with `owner.recognise`. One that changes how the person proves who they are asks for a fresh proof, which
is a sign-in of its own (docs/adr/0009) and never a second password form.
"""
