"""AWS for docker-compose.yml, by moto: a bucket with the template of a topology, and a secret of the same name.

usage: aws.py ADDRESS PORT TEMPLATE READY    what is there is lost with the process; the file READY is written when all is there
"""

import json
import os
import pathlib
import sys
import threading

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "sheaf"


def client(service, port):
    # Any key will do; moto checks none.
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=os.environ.get("AWS_REGION", "eu-west-1"),
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def main(address, port, template, ready):
    ThreadedMotoServer(ip_address=address, port=int(port), verbose=False).start()
    s3 = client("s3", port)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    body = pathlib.Path(template).read_bytes()
    s3.put_object(Bucket=BUCKET, Key="bundles/bundle_template.json", Body=body)
    secret = {"CTM_API_BASE_URL": os.environ["CTM_API_BASE_URL"], "CTM_API_KEY": os.environ["CTM_API_KEY"]}
    client("secretsmanager", port).create_secret(Name=BUCKET, SecretString=json.dumps(secret))
    pathlib.Path(ready).touch()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
