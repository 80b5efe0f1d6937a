"""Checks the manifests of this directory; scripts/manifests calls it.

usage: check.py BUILT [--crds DIR] [--sheaf FILE]    BUILT has NAME.yaml for each set of objects that kustomize has built
"""

import argparse
import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema
import kubernetes_validate
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Written by the operator of Strimzi, not by us: the Secret of a KafkaUser, and that of the cluster's authority.
SECRETS_OF_STRIMZI = {"sheaf-kafka": {"password"}, "kafka-cluster-ca-cert": {"ca.crt"}}
CUSTOM = ("kafka.strimzi.io/", "monitoring.coreos.com/")
# The time that an instance takes for connections and log-outs beside shutdown_timeout: STOP_MAX of src/admin/server.rs,
# CLOSE_TIMEOUT and the last second of src/cli/command/run.rs.
STOP_MORE_S = 5


class Problems(list):
    def add(self, place, text):
        if f"{place}: {text}" not in self:
            self.append(f"{place}: {text}")

    def check(self, holds, place, text):
        if not holds:
            self.add(place, text)
        return holds


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document is not None]


# --- what sheaf has


def settings():
    """The paths of all settings with kind and default, and their variables, from the reference page."""
    page = (ROOT / "docs/configuration.md").read_text()
    found, variables = {}, set()
    for path, kind, default, variable in re.findall(r"^## `([a-z_.]+)`\n\n(.*?) · (.*?) · `(SHEAF_\w+)`$", page, re.M):
        found[path] = (kind, default)
        variables.add(variable)
    return found, variables


def probe_paths():
    """The paths that need no token."""
    line = re.search(r"^.* const PATHS: .*$", (ROOT / "src/admin/probe.rs").read_text(), re.M)[0]
    return set(re.findall(r'"(/\w+)"', line))


def version():
    return re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.M)[1]


def seconds(text):
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)(ms|[smhd])", text))


def port(address):
    """The port of an address or of a URL."""
    url = re.match(r"(https?)://[^/:]+(?::(\d+))?", address)
    if url:
        return int(url[2] or {"https": 443, "http": 80}[url[1]])
    return int(address.rsplit(":", 1)[1])


# --- files


def files(problems):
    """Every file that a kustomization names exists, and every manifest is named by one."""
    named = set()
    for path in sorted(HERE.rglob("kustomization.yaml")):
        place, kustomization = path.relative_to(ROOT), documents(path)[0]
        paths = kustomization.get("resources", []) + kustomization.get("components", [])
        paths += [patch["path"] for patch in kustomization.get("patches", []) if "path" in patch]
        paths += [file for generator in kustomization.get("configMapGenerator", []) for file in generator.get("files", [])]
        for name in paths:
            target = (path.parent / name).resolve()
            is_known = target.is_file() or (target / "kustomization.yaml").is_file()
            problems.check(is_known, place, f"{name} does not exist")
            named.add(target)
        problems.check(kustomization["kind"] in ("Kustomization", "Component"), place, "its kind is unknown")
    for path in sorted(HERE.rglob("*.yaml")):
        documents(path)
        is_named = path in named or path.name == "kustomization.yaml" or path.name.endswith(".example.yaml")
        problems.check(is_named, path.relative_to(ROOT), "no kustomization names it")
    copy, original = HERE / "base/config/bundle.json", ROOT / "templates/bundle.json"
    problems.check(copy.read_bytes() == original.read_bytes(), copy.relative_to(ROOT), "it differs from templates/bundle.json")
    argument = re.search(r"^ARG VERSION=(.*)$", (ROOT / "Dockerfile").read_text(), re.M)
    problems.check(argument and argument[1] == version(), "Dockerfile", f"ARG VERSION is not {version()}")


# --- one object


def fields(place, document, schemas, problems):
    """Every field is one of its kind."""
    name = f"{document.get('kind')} {document.get('metadata', {}).get('name')}"
    if not problems.check({"apiVersion", "kind", "metadata"} <= document.keys(), place, f"{name} lacks apiVersion, kind or metadata"):
        return
    if not document["apiVersion"].startswith(CUSTOM):
        try:
            kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
        except kubernetes_validate.ValidationError as error:
            problems.add(place, f"{name}: {'.'.join(map(str, error.path))}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            problems.add(place, f"{name}: {error.message}")
        return
    problems.check("spec" in document, place, f"{name} has no spec")
    if schemas:
        schema = schemas.get((document["apiVersion"], document["kind"]))
        if problems.check(schema, place, f"{name}: no CustomResourceDefinition has {document['apiVersion']}"):
            for error in jsonschema.Draft202012Validator(schema).iter_errors({"spec": document["spec"]}):
                problems.add(place, f"{name}: {error.json_path}: {error.message}")


def closed(schema):
    """The same schema, which allows no other fields than it names."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) for key, value in schema.items()}
    is_open = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and "type" in schema and not is_open:
        schema["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        schema.pop("type", None)
    return schema


def schemas_of(directory):
    """The schemas of the CustomResourceDefinitions in a directory, by version and kind."""
    found = {}
    for path in sorted(pathlib.Path(directory).rglob("*.yaml")) if directory else []:
        with contextlib.suppress(yaml.YAMLError):
            for document in documents(path):
                if isinstance(document, dict) and document.get("kind") == "CustomResourceDefinition":
                    spec = document["spec"]
                    for each in spec["versions"]:
                        schema = closed(each["schema"]["openAPIV3Schema"]["properties"]["spec"])
                        key = (f"{spec['group']}/{each['name']}", spec["names"]["kind"])
                        found[key] = {"type": "object", "properties": {"spec": schema}}
    return found


# --- objects that name each other


class Together:
    """The objects that are applied together."""

    def __init__(self, place, objects, problems):
        self.place, self.objects, self.problems = place, objects, problems
        [self.workload] = self.of("StatefulSet")
        self.pod = self.workload["spec"]["template"]["spec"]
        self.labels = self.workload["spec"]["template"]["metadata"]["labels"]
        [self.container] = self.pod["containers"]
        self.ports = {each["name"]: each["containerPort"] for each in self.container["ports"]}
        self.mounts = self.mounted()
        self.texts = self.configuration()
        self.settings = self.merged()

    def of(self, kind):
        return [each for each in self.objects if each["kind"] == kind]

    def check(self, holds, text):
        return self.problems.check(holds, self.place, text)

    def mounted(self):
        """What is below each mount path: the texts of a ConfigMap or a Secret by file name, None for a volume."""
        secrets = {name: dict.fromkeys(keys, "") for name, keys in SECRETS_OF_STRIMZI.items()}
        for path in HERE.rglob("*.example.yaml"):
            secrets.update({each["metadata"]["name"]: each["stringData"] for each in documents(path)})
        maps = {each["metadata"]["name"]: each["data"] for each in self.of("ConfigMap")}
        contents = {each["metadata"]["name"]: None for each in self.workload["spec"].get("volumeClaimTemplates", [])}
        for volume in self.pod.get("volumes", []):
            if "emptyDir" in volume:
                contents[volume["name"]] = None
                continue
            source = volume.get("configMap") or volume["secret"]
            name, of = (source["name"], maps) if "configMap" in volume else (source["secretName"], secrets)
            if not self.check(name in of, f"the volume {volume['name']} names {name}, which nothing has"):
                continue
            keys = {item["path"]: item["key"] for item in source.get("items", [])} or {key: key for key in of[name]}
            for key in keys.values():
                self.check(key in of[name], f"the volume {volume['name']}: {name} has no {key}")
            contents[volume["name"]] = {path: of[name].get(key, "") for path, key in keys.items()}
        mounts = {}
        for mount in self.container["volumeMounts"]:
            if self.check(mount["name"] in contents, f"no volume is named {mount['name']}"):
                mounts[mount["mountPath"]] = contents.pop(mount["name"])
        self.check(not contents, f"no container mounts {', '.join(contents)}")
        return mounts

    def file(self, path):
        """The text of a file in the container; None if it does not exist."""
        path = pathlib.PurePosixPath(self.container["workingDir"]) / path
        return (self.mounts.get(str(path.parent)) or {}).get(path.name)

    def configuration(self):
        """The configuration files, in the order of the arguments."""
        words, texts = self.container["args"], {}
        self.check(words[0] == "run", f"{words[0]} is not the command of an instance")
        for option, path in zip(words[1::2], words[2::2]):
            text = self.file(path)
            if self.check(option == "-c" and text is not None, f"{option} {path}: no ConfigMap has it"):
                texts[path] = text
        return texts

    def merged(self):
        merged = {}

        def merge(into, other):
            for key, value in other.items():
                if isinstance(value, dict) and isinstance(into.get(key), dict):
                    merge(into[key], value)
                else:
                    into[key] = value

        for text in self.texts.values():
            merge(merged, yaml.safe_load(text))
        return merged

    def setting(self, path):
        value = self.settings
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            default = re.fullmatch("default `(.*)`", settings()[0][path][1])
            return default and default[1]
        return value

    def check_settings(self):
        """Every key and variable is a setting, and every file and secret that a setting names is there."""
        known, variables = settings()

        def check_below(tree, above):
            for key, value in tree.items():
                path = f"{above}{key}"
                if path in known:
                    continue
                is_section = any(other.startswith(f"{path}.") for other in known) and isinstance(value, dict)
                if self.check(is_section, f"{path} is no setting"):
                    check_below(value, f"{path}.")

        check_below(self.settings, "")
        for path, (_, default) in known.items():
            self.check(default != "required" or self.setting(path), f"{path} is required")
        for variable in self.container["env"]:
            name = variable["name"]
            self.check(not name.startswith("SHEAF_") or name in variables, f"no setting has the variable {name}")
        for text in self.texts.values():
            for path in re.findall(r"\$\{file:(.*?)\}", text) + re.findall(r"\.location: (/\S+)", text):
                self.check(self.file(path) is not None, f"{path} is in no volume")
        for topology in self.setting("topologies"):
            text = self.file(topology)
            if self.check(text is not None, f"the topology {topology} is in no ConfigMap"):
                for template in re.findall(r"template: ([^\s,}]+)", text):
                    self.check("://" in template or self.file(template) is not None, f"{template} is in no ConfigMap")
        state = self.mounts.get(self.setting("state_dir"), "")
        self.check(state is None, f"state_dir {self.setting('state_dir')} is no volume")

    def check_pod(self):
        port_of_server = port(self.setting("http.bind"))
        self.check(port_of_server in self.ports.values(), f"http.bind has the port {port_of_server}, which is not declared")
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = self.container[name]["httpGet"]
            self.check(probe["path"] in probe_paths(), f"{name}: sheaf has no {probe['path']}")
            self.check(self.ports.get(probe["port"]) == port_of_server, f"{name}: {probe['port']} is not the port of http.bind")
            is_encrypted = probe.get("scheme") == "HTTPS"
            self.check(is_encrypted == bool(self.settings["http"].get("tls")), f"{name}: its scheme is not that of http.tls")
        stop_s = seconds(self.setting("shutdown_timeout")) + STOP_MORE_S
        self.check(
            self.pod["terminationGracePeriodSeconds"] > stop_s,
            f"terminationGracePeriodSeconds: a stop takes up to {stop_s} s",
        )
        image = self.container["image"]
        self.check(image.endswith(f":{version()}"), f"{image} is not of version {version()}")
        security = {**self.pod["securityContext"], **self.container["securityContext"]}
        expected = {"runAsNonRoot": True, "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False}
        for key, value in expected.items():
            self.check(security.get(key) is value, f"{key} is not {value}")
        self.check(security["capabilities"]["drop"] == ["ALL"], "not all capabilities are dropped")
        user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.M)
        is_user = user and (int(user[1]), int(user[2])) == (security["runAsUser"], security["runAsGroup"])
        self.check(is_user, "runAsUser and runAsGroup are not those of the Dockerfile")

    def check_names(self):
        """Selectors select the pods, and what is named by name exists."""
        selectors = [("StatefulSet", self.workload["spec"]["selector"]["matchLabels"])]
        selectors += [(f"Service {each['metadata']['name']}", each["spec"]["selector"]) for each in self.of("Service")]
        for kind, key in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
            selectors += [(kind, each["spec"][key]["matchLabels"]) for each in self.of(kind)]
        for constraint in self.pod["topologySpreadConstraints"]:
            selectors.append(("topologySpreadConstraints", constraint["labelSelector"]["matchLabels"]))
        for place, labels in selectors:
            self.check(labels.items() <= self.labels.items(), f"{place}: its selector does not select the pods")
        services = {each["metadata"]["name"]: each for each in self.of("Service")}
        headless = services.get(self.workload["spec"]["serviceName"], {"spec": {}})
        self.check(headless["spec"].get("clusterIP") == "None", "serviceName is no headless Service")
        [advertised] = [each["value"] for each in self.container["env"] if each["name"] == "SHEAF_HTTP__ADVERTISE"]
        host = f"$(SHEAF_INSTANCE_ID).{self.workload['spec']['serviceName']}:{port(self.setting('http.bind'))}"
        self.check(advertised.partition("://")[2] == host, f"{advertised} is not the address of a pod, {host}")
        for each in services.values():
            for published in each["spec"]["ports"]:
                self.check(published["targetPort"] in self.ports, f"Service {each['metadata']['name']}: no port {published['targetPort']}")
        accounts = [each["metadata"]["name"] for each in self.of("ServiceAccount")]
        self.check(self.pod["serviceAccountName"] in accounts, f"there is no ServiceAccount {self.pod['serviceAccountName']}")
        for monitor in self.of("ServiceMonitor"):
            labels = monitor["spec"]["selector"]["matchLabels"].items()
            found = [each for each in services.values() if labels <= each["metadata"]["labels"].items()]
            self.check(len(found) == 1, f"the ServiceMonitor selects {len(found)} Services: each instance would count so often")
            for endpoint in monitor["spec"]["endpoints"]:
                self.check(endpoint["path"] in probe_paths(), f"ServiceMonitor: sheaf has no {endpoint['path']}")
                names = [each["name"] for service in found for each in service["spec"]["ports"]]
                self.check(endpoint["port"] in names, f"ServiceMonitor: no Service has a port {endpoint['port']}")

    def check_network(self):
        """The addresses of the configuration can be reached."""
        allowed = []
        for policy in self.of("NetworkPolicy"):
            for rule in policy["spec"].get("egress", []):
                allowed += [range(each["port"], each.get("endPort", each["port"]) + 1) for each in rule["ports"] if "to" not in rule]
            for rule in policy["spec"].get("ingress", []):
                self.check(all(each["port"] in self.ports for each in rule["ports"]), "NetworkPolicy: no such port of the pods")
        addresses = (self.setting("kafka.bootstrap_servers") or "").split(",") + [self.setting("control_m.base_url")]
        self.check(all(addresses), "kafka.bootstrap_servers or control_m.base_url is not set")
        for address in filter(None, addresses):
            self.check(any(port(address) in ports for ports in allowed), f"no NetworkPolicy lets the pods connect to {address}")

    def check_rights(self):
        """The user of Kafka has rights to the sources and to what the application owns, and the log-in is his."""
        for user in self.of("KafkaUser"):
            application = self.setting("application_id")
            acls = user["spec"]["authorization"]["acls"]
            rights = {(acl["resource"]["type"], acl["resource"]["name"]): set(acl.get("operations", [])) for acl in acls}
            texts = [self.file(path) or "" for path in self.setting("topologies")]
            sources = [topic for text in texts for topic in re.findall(r"topic: ([^\s,}]+)", text)]
            expected = {("topic", topic): {"Read"} for topic in sources}
            expected[("topic", f"{application}-")] = {"Read", "Write", "Create", "Delete", "DescribeConfigs"}
            expected[("transactionalId", f"{application}-")] = {"Write"}
            expected[("group", application)] = {"Read"}
            self.check(rights == expected, f"the rights of the KafkaUser are not those of docs/operations.md: {rights}")
            topics = {each["metadata"]["name"] for each in self.of("KafkaTopic")}
            self.check(topics == set(sources), f"the KafkaTopics {topics} are not the sources {sources}")
            name = (self.setting("kafka.properties") or {}).get("sasl.username")
            self.check(name == user["metadata"]["name"], f"sasl.username {name} is not the name of the KafkaUser")
            self.check(name in SECRETS_OF_STRIMZI, f"the Secret of the KafkaUser is {name}")

    def validate(self, sheaf):
        """`sheaf validate` takes the configuration; what is a secret is not there, which is a warning only."""
        with tempfile.TemporaryDirectory() as directory:
            for path, content in (self.mounts[self.container["workingDir"]] or {}).items():
                (pathlib.Path(directory) / path).write_text(content)
            words = ["validate"] + self.container["args"][1:]
            prefix = self.container["workingDir"] + "/"
            words = [word.removeprefix(prefix) for word in words]
            ran = subprocess.run([sheaf, *words], cwd=directory, capture_output=True, text=True, env={"SHEAF_INSTANCE_ID": "sheaf-0"})
            self.check(ran.returncode == 0, f"sheaf validate: exit code {ran.returncode}: {ran.stdout}{ran.stderr}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("built", type=pathlib.Path)
    parser.add_argument("--crds")
    parser.add_argument("--sheaf")
    arguments = parser.parse_args()
    problems, schemas, count = Problems(), schemas_of(arguments.crds), 0
    files(problems)
    for path in sorted(HERE.rglob("*.yaml")):
        # What a patch lacks is in the object that it changes.
        is_part = path.name == "kustomization.yaml" or path.parent.name == "config" or not documents(path)[0].get("kind")
        is_patch = path == HERE / "components/strimzi/stateful-set.yaml"
        for document in [] if is_part or is_patch else documents(path):
            fields(path.relative_to(ROOT), document, schemas, problems)
            count += 1
    sets = sorted(arguments.built.glob("*.yaml"))
    for path in sets:
        objects = documents(path)
        for document in objects:
            fields(path.stem, document, schemas, problems)
        together = Together(path.stem, objects, problems)
        for check in (together.check_settings, together.check_pod, together.check_names, together.check_network, together.check_rights):
            check()
        if arguments.sheaf:
            together.validate(arguments.sheaf)
        print(f"{path.stem}: {len(objects)} objects")
    for problem in problems:
        print(f"manifests: {problem}", file=sys.stderr)
    if not sets:
        print("manifests: there is no kubectl and no kustomize: nothing was built, only the files were checked", file=sys.stderr)
    said = ", sheaf validate" if arguments.sheaf and sets else ""
    print(f"{count} objects in files, {len(sets)} sets built{said}: {f'{len(problems)} problems' if problems else 'all right'}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
