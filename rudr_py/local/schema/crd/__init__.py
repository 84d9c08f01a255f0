"""Schemas of CustomResourceDefinitions: conversion into nodes, and validation of the schema itself."""
