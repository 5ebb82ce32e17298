// The secret stands behind '#': browsers send that to no server, and it is taken out of the address at once.
"use strict";
const token = document.getElementById("token");
if (location.hash.length > 1) {
  token.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}
