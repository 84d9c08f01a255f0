"""Connections to a cluster: the only room that opens one.

requests    what is sent, as values
config      kubeconfig or service account -> Connection (server, TLS, credentials)
transport   Request -> Reply or Stream, over aiohttp; the seam that tests replace
counting    a transport that tells of every answer, for metrics
client      Request -> JSON, or an error by its meaning, which `status` reads from the answer
objects     one object of the cluster as a slim frozen value
watch       list and watch as one endless stream of events; it reads pages by `listing`, streams by `lines`,
            what neither can read by `salvage`, and pauses by `backoff`
cache       events -> the latest state of one resource, indexed
discovery   apiVersion and kind -> the resource's path
prober      asks a member of a health scope whether it is well
events      the Kubernetes Events that we write for users
lease       who leads, when there are several of us
clock       time as an argument, and the real clock

It knows nothing of OAM, decides nothing, retries nothing but watches, and starts no task of its own.
"""
