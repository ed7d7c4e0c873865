// Goes on as soon as every frame of the page has loaded: the portals in them have signed the person out.
// A classic script: this page comes back from portals whose embedded browsers know no modules.
addEventListener("load", function () {
  location.replace(document.getElementById("continue").href);
});
