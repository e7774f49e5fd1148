// Optional. Has the worker keep a form that could not be sent, and shows on the offline page what became of it.
"use strict";
if ("serviceWorker" in navigator && "indexedDB" in window) {
  const workers = navigator.serviceWorker;
  const flush = () => workers.ready.then((ours) => ours.active.postMessage("flush"));
  // One worker for each way in ("/R/"): pages that ask nothing are left alone.
  workers.register("/worker.js", { scope: location.pathname.slice(0, 3), updateViaCache: "none" }).then(flush, () => {});
  addEventListener("online", flush);

  const list = document.getElementById("kept-forms");
  if (list) {
    // A server may come back without the phone's noticing.
    setInterval(flush, 15000);
    workers.addEventListener("message", ({ data }) => {
      list.replaceChildren(...data.map(line));
      if (!data.some((form) => form.body)) document.querySelectorAll("[data-say=kept]").forEach((say) => (say.hidden = true));
    });
  }

  // A copy of the sentence for a form's state, with its receipt or a button that opens it again.
  function line({ state, lang, receipt, url, body }) {
    const copy = document.querySelector(`[data-state=${state}][lang=${lang}]`).cloneNode(true);
    const link = copy.querySelector("a");
    const form = copy.querySelector("form");
    copy.hidden = false;
    if (link) {
      link.href = receipt;
      link.textContent = receipt.split("/").pop().split("?")[0];
    }
    if (form) {
      form.action = url;
      new URLSearchParams(body).forEach((value, name) => {
        const field = form.appendChild(document.createElement("input"));
        Object.assign(field, { type: "hidden", name, value });
      });
    }
    return copy;
  }
}
