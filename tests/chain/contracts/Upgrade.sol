// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// What a lending pool's proxy can be made to point to: it takes the provider, and does nothing.
contract Upgrade {
    function initialize(address) external {}
}
