// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

// Written for tests: somebody who sends dust of many tokens.

/// A token of which one account gets one unit.
contract Dust {
    mapping(address => uint256) public balanceOf;

    event Transfer(address indexed from, address indexed to, uint256 value);

    constructor(address target) {
        balanceOf[target] = 1;
        emit Transfer(address(0), target, 1);
    }
}

/// Makes so many tokens at once, each with dust for one account.
contract Sprayer {
    uint256 public made;

    function spray(address target, uint256 tokens) external {
        for (uint256 i = 0; i < tokens; i++) {
            new Dust(target);
        }
        made += tokens;
    }
}
