//! The simulator's page.

#![expect(clippy::unwrap_used, reason = "test support fails by panicking")]

use serde_json::json;

use super::simulator::Fixture;

impl Fixture {
    fn page(&self, path: &str) -> (u16, String) {
        let request = self.http.get(self.root(path));
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    }

    /// Presses a button; the browser is sent to the page then.
    fn press(&self, name: &str, value: &str) -> (u16, String) {
        let form = format!("{name}={}", value.replace(' ', "+").replace(':', "%3A"));
        let request =
            self.http.post(self.root("/")).header("Content-Type", "application/x-www-form-urlencoded").body(form);
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    }

    fn root(&self, path: &str) -> String {
        self.control(path).replace("/_sheaf", "")
    }
}

#[test]
fn the_page_shows_folders_and_jobs_and_its_buttons_work() {
    let fixture = Fixture::new();
    assert!(fixture.page("/").1.contains("No folder has been submitted"));
    let job = json!({ "Type": "Job:Command", "Command": "echo <b>; sleep 60",
        "in": { "Type": "WaitForEvents", "Events": [{ "Event": "<script>alert`1`</script>", "Date": "NoDate" }] } });
    let definition = json!({ "folder-1": { "Type": "Folder", "ControlmServer": "s", "job": job } });
    assert_eq!(fixture.post_form("/run/ondemand", "definitionsFile", &definition).0, 200);
    let (status, page) = fixture.page("/");
    for part in ["folder-1", "not visible yet", "Wait Condition", "&lt;script&gt;", "value=\"runNow s:00002\""] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // Nothing from elsewhere, and nothing that runs.
    for part in ["<script", "src=", "http://", "https://", "<link", "@import", "url("] {
        assert!(!page.contains(part), "{part}: {page}");
    }
    assert_eq!(status, 200);

    let (status, page) = fixture.press("job", "runNow s:00002");
    assert!(status == 200 && page.contains("Executing"), "{page}");
    assert_eq!(fixture.page("/job/s:00002/output").0, 404);
    assert!(fixture.press("advance", "2m").1.contains("1 of 1 OK"));
    assert!(fixture.page("/job/s:00002/output").1.contains("echo <b>"));
    assert!(fixture.page("/job/s:00002/log").1.contains("ENDED OK"));
    assert!(fixture.page("/?folder=other-*").1.contains("or none of that name"));
    assert_eq!(
        [fixture.press("job", "kill s:00002").0, fixture.press("job", "kill").0, fixture.press("x", "y").0],
        [400; 3]
    );
    assert!(fixture.press("advance", "new-day").1.contains("No folder has been submitted"));
}
