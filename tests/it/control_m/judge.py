"""Calls a Control-M with ctm-python-client, as its users do, and prints one line per call: ok or failed.

usage: judge.py key|password BASE_URL CONTROL_URL

BASE_URL ends in /automation-api; CONTROL_URL is that of the simulator's control plane, which sets its clock forward.
"""

import contextlib
import io
import json
import sys
import urllib.request

from aapi import EventIn, Folder, JobCommand, JobDummy, SimpleFolder, WaitForEvents
from clients import ctm_api_client, ctm_saas_client
from ctm_python_client.core.comm import Environment
from ctm_python_client.core.workflow import Workflow, WorkflowDefaults

SERVER = "smprod"


class Judge:
    def __init__(self):
        self.failed = 0

    def call(self, name, action, expect=lambda answer: True):
        """Does it, prints how it went, and gives its answer."""
        answer, error = None, None
        try:
            answer = action()
            if not expect(answer):
                error = f"unexpected answer: {answer!r}"
        except Exception as found:  # whatever a client raises is what is judged
            error = f"{type(found).__name__}: {found}"
        self.failed += error is not None
        print(f"{name:<28} ok" if error is None else f"{name:<28} failed: {' '.join(error.split())}")
        return answer


def main():
    mode, base, control = sys.argv[1:4]
    judge = Judge()

    def advance(by):
        body = json.dumps({"advance": by}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{control}/clock", body), timeout=30).read()

    if mode == "key":
        client, environment = ctm_saas_client, Environment(base, api_key="key-1")
    else:
        client, environment = ctm_api_client, Environment(base, username="user-1", password="secret-1")
    defaults = WorkflowDefaults(controlm_server=SERVER)
    new = lambda: Workflow(environment, defaults)
    workflow = judge.call("login", new)
    if workflow is None:
        sys.exit("without a login there is nothing to judge")
    api = workflow.aapiclient

    if mode == "password":
        wrong = Environment(base, username="user-1", password="wrong")
        judge.call("login, wrong password", lambda: raised(lambda: Workflow(wrong)), lambda error: "401" in error)

    folder = f"judged-{mode}"
    fill(workflow, folder)
    judge.call("build", workflow.build, lambda answer: answer.is_ok() and answer.result[0].successful_jobs_count == 8)
    judge.call("build, refused", lambda: raised(refused(new()).build), lambda error: "request failed" in error)
    judge.call("deploy", workflow.deploy, lambda answer: answer.result[0].deployed_folders == [folder, f"{folder}-simple"])
    judge.call("run", workflow.run, lambda run: run.run_id)
    run = judge.call("run_on_demand", workflow.run_on_demand, lambda run: run.run_id)
    advance("30s")

    status = lambda name: run.get_status(name).status
    held = lambda: run.get_status("waits").held
    judge.call("get_statuses", run.get_statuses, lambda rows: len(rows) == 10)
    judge.call("print_statuses", lambda: printed(run.print_statuses), lambda text: "Wait Condition" in text)
    judge.call("get_status", lambda: run.get_status("first"), lambda row: (row.status, row.number_of_runs) == ("Ended OK", 1))
    judge.call("get_status, by path", lambda: run.get_status(f"{folder}/inner/deep"), lambda row: row.status == "Ended OK")
    judge.call("get_status, failed job", lambda: status("fails"), "Ended Not OK".__eq__)
    judge.call("get_status, chained job", lambda: status("second"), "Ended OK".__eq__)
    judge.call("get_output", lambda: run.get_output("first"), lambda text: "echo first" in text)
    judge.call("get_output, none", lambda: run.get_output("confirmed") is None, bool)
    judge.call("print_output", lambda: printed(lambda: run.print_output("first")), lambda text: "echo first" in text)
    judge.call("get_log", lambda: run.get_log("first"), lambda text: all(code in text for code in ["5065", "5101", "5133"]))
    judge.call("hold_job", lambda: run.hold_job("waits") or held(), bool)
    judge.call("release_job", lambda: run.release_job("waits") or not held(), bool)
    judge.call("confirm_job", lambda: (status("confirmed"), run.confirm_job("confirmed")), lambda was: was[0] == "Wait User" and was[1])
    judge.call("confirm_job, again", lambda: raised(lambda: run.confirm_job("confirmed")), lambda error: "400" in error)
    judge.call("kill_job", lambda: run.kill_job("long") or status("long"), "Ended Not OK".__eq__)
    judge.call("rerun_job", lambda: run.rerun_job("fails") or run.get_status("fails").number_of_runs, (2).__eq__)
    advance("5s")
    judge.call("set_to_ok", lambda: (status("fails"), run.set_to_ok("fails"), status("fails")), ("Ended Not OK", None, "Ended OK").__eq__)
    judge.call("delete_job", lambda: run.delete_job("long") or run.get_status("long").deleted, bool)

    events(judge, api, client, status)
    services(judge, api, client, run, folder, advance)
    jobs(judge, environment, mode, folder)
    if mode == "password":
        api.session_api.do_login({"username": "user-1", "password": "secret-1"})
        judge.call("logout", api.session_api.do_logout, lambda answer: answer.message.startswith("Successfully logged out"))
        judge.call("after logout", lambda: raised(api.config_api.get_servers), lambda error: "invalid or expired" in error)
    sys.exit(1 if judge.failed else 0)


def fill(workflow, folder):
    """A folder with a chain, a job for each action, and a sub-folder; and a simple folder."""
    workflow.chain([JobCommand("first", command="echo first"), JobDummy("second")], inpath=folder)
    waits = WaitForEvents(events=[EventIn(event="judged-event", date=EventIn.Date.NoDate)])
    for job in [
        JobCommand("fails", command="sleep 1; exit 3"),
        JobCommand("long", command="sleep 3600"),
        JobCommand("confirmed", command="true", confirm=True),
        JobDummy("waits", wait_for_events_list=[waits]),
    ]:
        workflow.add(job, inpath=folder)
    workflow.add(JobDummy("deep"), inpath=f"{folder}/inner")
    workflow.add(SimpleFolder(f"{folder}-simple", job_list=[JobDummy("only")]))


def refused(workflow):
    workflow.add(Folder("a name with blanks", job_list=[JobDummy("job")]))
    return workflow


def printed(action):
    """What the action prints."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        action()
    return text.getvalue()


def raised(action):
    """The text of what the action raises."""
    try:
        return f"nothing was raised: {action()!r}"
    except Exception as error:
        return str(error)


def events(judge, api, client, status):
    date = {"date": "STAT"} if client is ctm_api_client else {"_date": "STAT"}
    event = client.EventParam(name="judged-event", **date)
    add = lambda: api.run_api.add_event(SERVER, event)
    judge.call("add_event", lambda: (status("waits"), add(), status("waits")), lambda was: (was[0], was[2]) == ("Wait Condition", "Ended OK"))
    judge.call("add_event, again", lambda: raised(add), lambda error: "already exists" in error)
    judge.call("get_events", lambda: api.run_api.get_events(name="judged-*"), lambda found: len(found) == 1 or client is ctm_saas_client)
    judge.call("delete_event", lambda: api.run_api.delete_event(SERVER, "judged-event", "STAT"), lambda answer: "deleted" in answer.message)


def services(judge, api, client, run, folder, advance):
    order = client.OrderFolderParameters(ctm=SERVER, folder=folder, hold=True, variables=[{"PARM1": "1"}])
    ordered = judge.call("order_jobs_in_folder", lambda: api.run_api.order_jobs_in_folder(data=order), lambda answer: answer.run_id)
    advance("30s")
    rows = lambda: api.run_api.get_jobs_status(ordered.run_id).statuses
    judge.call("order, held", rows, lambda rows: len(rows) == 9 and rows[0].held)
    job = run.get_jobid("second")
    judge.call("get_job_status", lambda: api.run_api.get_job_status(job), lambda row: row.name == "second")
    judge.call("get_waiting_info", lambda: api.run_api.get_waiting_info(run.get_jobid("waits")))
    judge.call("jobs by filter", lambda: api.run_api.get_jobs_status_by_filter(folder=folder, jobname="f*"), lambda found: found.returned >= 2)
    judge.call("undelete_job", lambda: api.run_api.undelete_job(run.get_jobid("long")) and run.get_status("long").deleted is False, bool)
    judge.call("get_active_services", api.run_api.get_active_services)
    pool = client.ResourceParam(name="judged-pool", max="2") if client is ctm_saas_client else client.ResourceParam(name="judged-pool", max=2)
    judge.call("add_resource", lambda: api.run_api.add_resource(SERVER, pool), lambda answer: answer.message)
    judge.call("get_resources", api.run_api.get_resources)
    judge.call("delete_resource", lambda: api.run_api.delete_resource(SERVER, "judged-pool"), lambda answer: answer.message)
    judge.call("get_servers", api.config_api.get_servers, lambda found: client is ctm_saas_client or found[0].state == "Up")


def jobs(judge, environment, mode, folder):
    api = Workflow(environment).aapiclient.deploy_api
    deployed = lambda: api.get_deployed_folders_new(format="json", server=SERVER, folder=folder)
    judge.call("get_deployed_folders", deployed, lambda found: "first" in str(found))
    judge.call("delete_folder", lambda: api.delete_folder(SERVER, folder), lambda answer: "deleted" in answer.message)
    judge.call("get_deployed, gone", lambda: raised(deployed), lambda error: "404" in error)


if __name__ == "__main__":
    main()
