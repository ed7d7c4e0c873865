// A public client in a browser: everything it knows comes from the query of the page that started it, kept for the tab.

const settings = JSON.parse(new URLSearchParams(location.search).get('settings') ?? sessionStorage.getItem('settings'));
sessionStorage.setItem('settings', JSON.stringify(settings));

const manager = new oidc.UserManager({
  ...settings,
  redirect_uri: `${location.origin}/callback`,
  silent_redirect_uri: `${location.origin}/silent`,
  post_logout_redirect_uri: `${location.origin}/signed-out`,
  loadUserInfo: true,
  automaticSilentRenew: false,
});

const show = (did, user) => {
  const outcome = user && {
    subject: user.profile.sub,
    name: user.profile.preferred_username,
    session: user.profile.sid,
    accessToken: user.access_token,
    refreshToken: user.refresh_token ?? null,
    scope: user.scope,
  };
  document.getElementById('outcome').textContent = JSON.stringify({ did, ...outcome });
};

const attempt = (work) => work().catch((error) => show(`failed: ${error.name}: ${error.message}`));

const arrivals = {
  '/callback': async () => show('signed in', await manager.signinCallback()),
  '/silent': async () => manager.signinCallback(),
  '/signed-out': async () => {
    await manager.signoutCallback();
    show('signed out', await manager.getUser());
  },
  '/': async () => show('started', await manager.getUser()),
};

const buttons = {
  'sign-in': () => manager.signinRedirect(),
  'renew': async () => show('renewed', await manager.signinSilent()),
  'renew-in-frame': async () => show('renewed in frame', await manager.signinSilent({ forceIframeAuth: true })),
  'sign-out': () => manager.signoutRedirect(),
};

for (const [id, work] of Object.entries(buttons)) {
  document.getElementById(id).addEventListener('click', () => attempt(work));
}
attempt(arrivals[location.pathname]);
